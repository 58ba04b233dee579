// The module `system`: the program and its process, signals, other programs, capabilities.
#pragma once

#include <lua.hpp>

namespace emilua::bindings {

void push_system(lua_State* L);

}  // namespace emilua::bindings
