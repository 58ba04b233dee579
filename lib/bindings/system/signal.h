// The table system.signal.
#pragma once

#include <lua.hpp>

namespace emilua::bindings {

void push_signal(lua_State* L);

}  // namespace emilua::bindings
