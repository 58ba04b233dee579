// The classes steady_timer and system_timer of the module `time`: something to wait for, by any
// number of fibers, that can be moved and cancelled meanwhile.
#pragma once

#include <lua.hpp>

namespace emilua::bindings {

// Push the tables {new}.
void push_steady_timer(lua_State* L);
void push_system_timer(lua_State* L);

}  // namespace emilua::bindings
