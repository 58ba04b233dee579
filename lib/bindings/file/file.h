// The module `file`: file.stream, file.random_access, and whole transfers at an offset.
#pragma once

#include <lua.hpp>

namespace emilua::bindings {

void push_file(lua_State* L);

}  // namespace emilua::bindings
