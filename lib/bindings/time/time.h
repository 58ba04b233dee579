// The module `time`.
#pragma once

#include <lua.hpp>

namespace emilua::bindings {

void push_time(lua_State* L);

}  // namespace emilua::bindings
