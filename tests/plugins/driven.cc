// Does what the program says: its VM hook calls the global function `hook`. A number is what the VM
// hook returns, "nothing" is not pushed, "yield" yields, "throw" throws; anything else is the
// module.
#include <cstring>
#include <stdexcept>

#include "lib/engine/plugin.h"

namespace {

int open_module(lua_State* L) {
  lua_getfield(L, LUA_GLOBALSINDEX, "hook");
  lua_call(L, 0, 1);
  if (lua_type(L, -1) == LUA_TNUMBER) return static_cast<int>(lua_tointeger(L, -1));
  if (lua_type(L, -1) == LUA_TSTRING) {
    const char* order = lua_tolstring(L, -1, nullptr);
    if (std::strcmp(order, "yield") == 0) return lua_yield(L, 0);
    if (std::strcmp(order, "throw") == 0) throw std::runtime_error{"thrown by the hook"};
    if (std::strcmp(order, "nothing") == 0) lua_settop(L, 0);
  }
  return 0;
}

}  // namespace

const emilua_plugin EMILUA_PLUGIN = {
    .init_process = nullptr, .init_event_loop = nullptr, .open_vm = open_module};
