// spawn_vm: the options of a new actor, checked in order, then carried out.
#pragma once

#include <lua.hpp>

namespace emilua::actor {

// Pushes the global function spawn_vm.
void push_spawn_vm(lua_State* L);

}  // namespace emilua::actor
