// The module `ffi`: LuaJIT's own library.
#pragma once

#include <lua.hpp>

namespace emilua::fiber {

// ENOTSUP in a box: code that reaches any address obeys nobody.
void push_ffi(lua_State* L);

}  // namespace emilua::fiber
