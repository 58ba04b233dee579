#include "lib/lua/error.h"

#include <cstring>
#include <string>

#include "lib/lua/class.h"
#include "lib/lua/core_error.h"

namespace emilua::lua {

// The userdata for one category: a pointer, and nothing to destroy.
struct category_ref {
  const std::error_category* category;
};

namespace {

// Their addresses are registry keys.
const char metatable_key = 0;
const char categories_key = 0;

int category_message(lua_State* L) {
  // Both cat.message(code) and cat:message(code): the category is an upvalue.
  const auto* category =
      static_cast<const std::error_category*>(lua_touserdata(L, lua_upvalueindex(1)));
  const int code = static_cast<int>(luaL_checkinteger(L, lua_isuserdata(L, 1) ? 2 : 1));
  const std::string text = category->message(code);
  lua_pushlstring(L, text.data(), text.size());
  return 1;
}

int category_message_of(lua_State* L) {
  const auto& self = check<category_ref>(L, 1);
  lua_pushlightuserdata(L, const_cast<std::error_category*>(self.category));
  lua_pushcclosure(L, category_message, 1);
  return 1;
}

int category_tostring(lua_State* L) {
  lua_pushstring(L, check<category_ref>(L, 1).category->name());
  return 1;
}

const class_property category_properties[] = {{"message", category_message_of}};
const class_method category_metamethods[] = {{"__tostring", category_tostring}};

const std::error_category& comparable(const std::error_category& category) {
  return category == std::system_category() ? std::generic_category() : category;
}

bool same(std::error_code a, std::error_code b) {
  return a.value() == b.value() && comparable(a.category()) == comparable(b.category());
}

int error_tostring(lua_State* L) {
  const auto error = to_error(L, 1);
  if (!error) raise_argument(L, 1);
  const std::string text = error->message();
  lua_pushlstring(L, text.data(), text.size());
  return 1;
}

int error_eq(lua_State* L) {
  const auto a = to_error(L, 1), b = to_error(L, 2);
  lua_pushboolean(L, a && b && same(*a, *b));
  return 1;
}

int error_togeneric(lua_State* L) {
  const auto error = to_error(L, 1);
  if (!error) raise_argument(L, 1);
  const std::error_condition portable = error->default_error_condition();
  if (portable.category() == std::generic_category())
    push(L, std::error_code{portable.value(), portable.category()});
  else
    push(L, *error);
  return 1;
}

void push_metatable(lua_State* L) {
  lua_pushlightuserdata(L, const_cast<char*>(&metatable_key));
  lua_rawget(L, LUA_REGISTRYINDEX);
  if (!lua_isnil(L, -1)) return;
  lua_pop(L, 1);
  lua_createtable(L, 0, 4);
  lua_pushliteral(L, "error_code");
  lua_setfield(L, -2, "__metatable");
  lua_pushcfunction(L, error_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_pushcfunction(L, error_eq);
  lua_setfield(L, -2, "__eq");
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, error_togeneric);
  lua_setfield(L, -2, "togeneric");
  lua_setfield(L, -2, "__index");
  lua_pushlightuserdata(L, const_cast<char*>(&metatable_key));
  lua_pushvalue(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

}  // namespace

template <>
const class_info& class_of<category_ref>() {
  static const class_info info{.name = "error_category",
                               .properties = category_properties,
                               .metamethods = category_metamethods};
  return info;
}

void push_category(lua_State* L, const std::error_category& category) {
  luaL_checkstack(L, 5, "error category");
  lua_pushlightuserdata(L, const_cast<char*>(&categories_key));
  lua_rawget(L, LUA_REGISTRYINDEX);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushlightuserdata(L, const_cast<char*>(&categories_key));
    lua_pushvalue(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
  }
  void* key = const_cast<std::error_category*>(&category);
  lua_pushlightuserdata(L, key);
  lua_rawget(L, -2);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    push_new<category_ref>(L, category_ref{&category});
    lua_pushlightuserdata(L, key);
    lua_pushvalue(L, -2);
    lua_rawset(L, -4);
  }
  lua_remove(L, -2);
}

void push(lua_State* L, std::error_code error) {
  if (!error) {
    lua_pushnil(L);
    return;
  }
  luaL_checkstack(L, 6, "error code");
  lua_createtable(L, 0, 3);
  lua_pushinteger(L, error.value());
  lua_setfield(L, -2, "code");
  push_category(L, error.category());
  lua_setfield(L, -2, "category");
  push_metatable(L);
  lua_setmetatable(L, -2);
}

void push(lua_State* L, std::error_code error, const extra_field& extra) {
  push(L, error);
  if (extra.text.data() != nullptr)
    lua_pushlstring(L, extra.text.data(), extra.text.size());
  else
    lua_pushinteger(L, extra.number);
  lua_setfield(L, -2, extra.name);
}

std::optional<std::error_code> to_error(lua_State* L, int index) {
  if (!lua_istable(L, index) || !lua_checkstack(L, 3)) return std::nullopt;
  if (index < 0) index = lua_gettop(L) + index + 1;
  if (!lua_getmetatable(L, index)) return std::nullopt;
  push_metatable(L);
  const bool ours = lua_rawequal(L, -1, -2) != 0;
  lua_pop(L, 2);
  if (!ours) return std::nullopt;
  lua_pushliteral(L, "code");
  lua_rawget(L, index);
  lua_pushliteral(L, "category");
  lua_rawget(L, index);
  const auto* ref = to<category_ref>(L, -1);
  std::optional<std::error_code> result;
  if (lua_type(L, -2) == LUA_TNUMBER && ref != nullptr)
    result.emplace(static_cast<int>(lua_tointeger(L, -2)), *ref->category);
  lua_pop(L, 2);
  return result;
}

bool is_error(lua_State* L, int index, std::error_code error) {
  const auto held = to_error(L, index);
  return held && same(*held, error);
}

void raise(lua_State* L, std::error_code error) {
  push(L, error);
  lua_error(L);
  __builtin_unreachable();
}

void raise(lua_State* L, std::error_code error, const extra_field& extra) {
  push(L, error, extra);
  lua_error(L);
  __builtin_unreachable();
}

void raise(lua_State* L, std::errc error) { raise(L, std::make_error_code(error)); }

namespace {

// How the chunk names of the engine's own Lua code begin: see lua/embed.cc.
constexpr std::string_view engine_source = "=emilua/";

// The level, for lua_getstack, of the program's code that called the running function.
int program_level(lua_State* L) {
  lua_Debug frame;
  int level = 1;
  while (lua_getstack(L, level, &frame) != 0 && lua_getinfo(L, "S", &frame) != 0 &&
         std::string_view{frame.source}.starts_with(engine_source))
    ++level;
  return level;
}

}  // namespace

void raise_text(lua_State* L, const char* message) {
  luaL_where(L, program_level(L));
  lua_pushstring(L, message);
  lua_concat(L, 2);
  lua_error(L);
  __builtin_unreachable();
}

void raise_type(lua_State* L, int index, const char* expected) {
  lua_Debug frame;
  frame.name = nullptr;
  const int level = program_level(L);
  if (lua_getstack(L, level - 1, &frame) != 0) lua_getinfo(L, "n", &frame);
  const char* const actual = luaL_typename(L, index);
  if (frame.name != nullptr && std::string_view{frame.namewhat} == "method") --index;
  raise_text(L, lua_pushfstring(L, "bad argument #%d to '%s' (%s expected, got %s)", index,
                                frame.name != nullptr ? frame.name : "?", expected, actual));
}

lua_Number check_number(lua_State* L, int index) {
  if (lua_isnumber(L, index) == 0) raise_type(L, index, "number");
  return lua_tonumber(L, index);
}

void raise_argument(lua_State* L, int position) {
  raise(L, std::make_error_code(std::errc::invalid_argument), {"arg", position});
}

void raise_argument(lua_State* L, std::string_view option) {
  raise(L, std::make_error_code(std::errc::invalid_argument), {"arg", option});
}

std::string_view push_message(lua_State* L, int index) {
  if (const auto error = to_error(L, index)) {
    const std::string text = error->message();
    lua_pushlstring(L, text.data(), text.size());
  } else if (lua_type(L, index) == LUA_TSTRING) {
    lua_pushvalue(L, index);
  } else {
    lua_pushliteral(L, "");
  }
  return to_text(L, -1);
}

}  // namespace emilua::lua
