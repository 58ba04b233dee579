// The module `filesystem`: for now its class `path`.
#pragma once

#include <lua.hpp>

namespace emilua::bindings {

void push_filesystem(lua_State* L);

}  // namespace emilua::bindings
