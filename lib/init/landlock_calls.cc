// The functions that can raise a Lua error own nothing while they do.
#include "lib/init/landlock_calls.h"

#include <string_view>

#include "lib/init/call.h"
#include "lib/sandbox/landlock.h"

namespace emilua::init {
namespace {

using sandbox::access_rights;
using find_right = std::optional<access_rights> (*)(std::string_view) noexcept;

// The string at `index`, or "" for what is none: no name is empty.
std::string_view name_at(lua_State* L, int index) {
  return lua_type(L, index) == LUA_TSTRING ? check_bytes(L, index) : std::string_view{};
}

std::optional<access_rights> create_flag(std::string_view name) noexcept {
  constexpr access_rights version = 1;
  return name == "version" ? std::optional{version} : std::nullopt;
}

// The bits of the list of names at the top of the stack; an unknown one raises `error`.
access_rights check_names(lua_State* L, find_right find, const char* error) {
  if (!lua_istable(L, -1)) raise(L, error);
  access_rights bits = 0;
  for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
    const std::optional<access_rights> bit = find(name_at(L, -1));
    // A key that is no number is {execute = true} or its like, not a list.
    if (!bit || lua_type(L, -2) != LUA_TNUMBER) raise(L, error);
    bits |= *bit;
  }
  return bits;
}

access_rights check_fs_names(lua_State* L) {
  return check_names(L, sandbox::fs_right, "invalid LANDLOCK_ACCESS_FS");
}

access_rights check_net_names(lua_State* L) {
  return check_names(L, sandbox::net_right, "invalid LANDLOCK_ACCESS_NET");
}

sandbox::landlock_ruleset_attributes check_ruleset_attributes(lua_State* L, int index) {
  sandbox::landlock_ruleset_attributes attributes;
  luaL_checktype(L, index, LUA_TTABLE);
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
    const std::string_view name = name_at(L, -2);
    if (name == "handled_access_fs")
      attributes.fs = check_fs_names(L);
    else if (name == "handled_access_net")
      attributes.net = check_net_names(L);
    else if (name == "scoped")
      attributes.scoped = check_names(L, sandbox::scope, "invalid LANDLOCK_SCOPE");
    else
      raise(L, "invalid ruleset attr");
  }
  return attributes;
}

struct rule {
  std::uint32_t subject = 0;  // the descriptor or the port
  access_rights allowed = 0;
};

// A table of just `allowed_access` and the named integer.
rule check_rule(lua_State* L, int index, std::string_view subject,
                access_rights (*check_rights)(lua_State*), const char* error) {
  rule result;
  int found = 0;
  luaL_checktype(L, index, LUA_TTABLE);
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1), ++found) {
    const std::string_view name = name_at(L, -2);
    if (name == "allowed_access")
      result.allowed = check_rights(L);
    else if (name != subject || lua_type(L, -1) != LUA_TNUMBER || !to_word(L, -1, result.subject))
      raise(L, error);
  }
  if (found != 2) raise(L, error);
  return result;
}

int add_path_rule(lua_State* L, int ruleset) {
  const rule path = check_rule(L, 3, "parent_fd", check_fs_names, "invalid path_beneath attr");
  const int parent = static_cast<int>(path.subject);
  return push_result(L, "landlock_add_rule",
                     sandbox::landlock_allow_path(ruleset, parent, path.allowed));
}

int add_port_rule(lua_State* L, int ruleset) {
  const rule port = check_rule(L, 3, "port", check_net_names, "invalid net_port attr");
  if (port.subject > UINT16_MAX) raise(L, "invalid net_port attr");
  const auto number = static_cast<std::uint16_t>(port.subject);
  return push_result(L, "landlock_add_rule",
                     sandbox::landlock_allow_port(ruleset, number, port.allowed));
}

}  // namespace

int c_landlock_create_ruleset(lua_State* L) {
  constexpr const char* call = "landlock_create_ruleset";
  lua_settop(L, 2);
  const bool has_attributes = !lua_isnil(L, 1);
  sandbox::landlock_ruleset_attributes attributes;
  if (has_attributes) attributes = check_ruleset_attributes(L, 1);
  const bool version =
      !lua_isnil(L, 2) && check_names(L, create_flag, "invalid LANDLOCK_CREATE_RULESET flag") != 0;

  // The kernel's answers to the two combinations that mean nothing.
  if (version && has_attributes) return push_result(L, call, -1, EINVAL);
  if (!version && !has_attributes) return push_result(L, call, -1, EFAULT);
  if (version) {
    const base::result<int> abi = sandbox::landlock_abi();
    return abi ? push_result(L, call, *abi, 0) : push_result(L, call, -1, abi.error().value());
  }
  int ruleset = -1;
  int error = 0;
  if (auto made = sandbox::landlock_create_ruleset(attributes))
    ruleset = made->release();
  else
    error = made.error().value();
  return push_result(L, call, ruleset, error);
}

int c_landlock_add_rule(lua_State* L) {
  const int ruleset = check_int(L, 1);
  const std::string_view type = check_bytes(L, 2);
  check_nil(L, 4);
  if (type == "path_beneath") return add_path_rule(L, ruleset);
  if (type == "net_port") return add_port_rule(L, ruleset);
  return raise(L, "invalid argument 2");
}

int c_landlock_restrict_self(lua_State* L) {
  const int ruleset = check_int(L, 1);
  check_nil(L, 2);
  return push_result(L, "landlock_restrict_self", sandbox::landlock_restrict_self(ruleset));
}

}  // namespace emilua::init
