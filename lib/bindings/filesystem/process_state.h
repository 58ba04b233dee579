// Functions of the module `filesystem` about what all VMs of a process share.
#pragma once

#include <lua.hpp>

namespace emilua::bindings {

int current_working_directory(lua_State* L);
int umask(lua_State* L);

}  // namespace emilua::bindings
