// The module `system`: the program's arguments, environment, standard streams and end.
#pragma once

#include <lua.hpp>

namespace emilua::bindings {

void push_system(lua_State* L);

}  // namespace emilua::bindings
