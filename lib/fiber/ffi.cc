#include "lib/fiber/ffi.h"

#include "lib/fiber/globals.h"
#include "lib/lua/error.h"

namespace emilua::fiber {

void push_ffi(lua_State* L) {
  if (vm::of(L).process().config().text_only)
    lua::raise(L, std::make_error_code(std::errc::not_supported), {"module", "ffi"});
  // A literal like 1LL has opened the library before. Opened twice, it forgets the types that it
  // knows; it leaves itself where the standard `require` looks.
  luaL_findtable(L, LUA_REGISTRYINDEX, "_LOADED", 1);
  lua_getfield(L, -1, LUA_FFILIBNAME);
  if (!lua_istable(L, -1)) {
    lua_pop(L, 1);
    lua_pushcfunction(L, luaopen_ffi);
    lua_call(L, 0, 1);
  }
  lua_remove(L, -2);
  push_ffi_guard(L);
  lua_pushvalue(L, -2);
  lua_call(L, 1, 0);
}

}  // namespace emilua::fiber
