// The native half of stream.scanner; lua/modules/scanner.lua is the other one.
#pragma once

#include <lua.hpp>

namespace emilua::bindings {

// Pushes the table of functions that the Lua half calls.
void push_scanner_functions(lua_State* L);

}  // namespace emilua::bindings
