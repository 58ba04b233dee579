// The module `file`: file.stream and its open flags.
#pragma once

#include <lua.hpp>

namespace emilua::bindings {

void push_file(lua_State* L);

}  // namespace emilua::bindings
