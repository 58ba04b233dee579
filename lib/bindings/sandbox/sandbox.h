// Module `sandbox`: boxes for actors, planned by lib/sandbox.
#pragma once

#include <lua.hpp>

namespace emilua::bindings {

void push_sandbox(lua_State* L);

}  // namespace emilua::bindings
