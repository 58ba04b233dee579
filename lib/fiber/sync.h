// mutex, recursive_mutex, condition_variable and future: waiting for other fibers of the same VM.
//
// All is bookkeeping on the VM's strand: a waiter is parked in a queue of the object, and whoever
// lets it go hands it what it waited for. Nothing here counts as an operation, so that fibers that
// only wait for each other do not keep a VM alive.
#pragma once

#include <lua.hpp>

namespace emilua::fiber {

class vm;

// The built-in modules.
void push_mutex(lua_State* L);
void push_recursive_mutex(lua_State* L);
void push_condition_variable(lua_State* L);
void push_future(lua_State* L);

}  // namespace emilua::fiber
