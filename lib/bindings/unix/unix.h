// The module `unix`: unix-domain sockets and descriptor passing.
#pragma once

#include <lua.hpp>

namespace emilua::bindings {

void push_unix(lua_State* L);

}  // namespace emilua::bindings
