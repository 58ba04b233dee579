// What libcap allocates is given back before anything can raise a Lua error.
#include "lib/init/capability_calls.h"

#include <sys/capability.h>

#include <cerrno>
#include <string_view>

#include "lib/init/call.h"

namespace emilua::init {
namespace {

// The string at index 1 as libcap takes it. With a NUL inside, it is not the text it begins with.
const char* check_capability_text(lua_State* L, std::string_view call) {
  const std::string_view text = check_bytes(L, 1);
  if (text.find('\0') != text.npos)
    executor_of(L).fail({"ipc_actor/init/", call, ": string contains a NUL byte"});
  return text.data();
}

cap_value_t check_capability(lua_State* L, std::string_view call) {
  const char* const name = check_capability_text(L, call);
  cap_value_t value = 0;
  if (::cap_from_name(name, &value) == -1)
    executor_of(L).fail({"ipc_actor/init/", call, ": no such capability: '", name, "'"});
  return value;
}

}  // namespace

int c_cap_drop_bound(lua_State* L) {
  const cap_value_t value = check_capability(L, "cap_drop_bound");
  return push_result(L, "cap_drop_bound", ::cap_drop_bound(value));
}

int c_cap_reset_ambient(lua_State* L) {
  return push_result(L, "cap_reset_ambient", ::cap_reset_ambient());
}

int c_cap_set_ambient(lua_State* L) {
  const cap_value_t value = check_capability(L, "cap_set_ambient");
  luaL_checktype(L, 2, LUA_TBOOLEAN);
  const cap_flag_value_t set = lua_toboolean(L, 2) != 0 ? CAP_SET : CAP_CLEAR;
  return push_result(L, "cap_set_ambient", ::cap_set_ambient(value, set));
}

int c_cap_set_proc(lua_State* L) {
  const char* const text = check_capability_text(L, "cap_set_proc");
  const cap_t wanted = ::cap_from_text(text);
  if (wanted == nullptr)
    executor_of(L).fail({"ipc_actor/init/cap_set_proc: invalid capabilities: '", text, "'"});
  const int result = ::cap_set_proc(wanted);
  const int error = result == -1 ? errno : 0;
  (void)::cap_free(wanted);
  return push_result(L, "cap_set_proc", result, error);
}

int c_cap_set_secbits(lua_State* L) {
  return push_result(L, "cap_set_secbits", ::cap_set_secbits(check_word(L, 1)));
}

}  // namespace emilua::init
