// The module `filesystem`: for now its class `path`, and what of the process it is about.
#pragma once

#include <lua.hpp>

namespace emilua::bindings {

void push_filesystem(lua_State* L);

}  // namespace emilua::bindings
