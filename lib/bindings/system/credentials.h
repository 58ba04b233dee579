// How the master VM changes the credentials of its process, and what else actors inherit from it.
#pragma once

#include <lua.hpp>

#include "lib/ipc/credentials.h"

namespace emilua::bindings {

// What is the process's, only its master VM may change: EPERM in the others.
void check_master(lua_State* L);

// Makes both the rules of modules that know no fibers (process_rules.h), in this VM.
void set_master_rules(lua_State* L);

// Makes the change in this process and in the one that subprocess actors come from, or raises and
// has changed nothing. If only the first has followed, the process ends with status 1: actors would
// have rights that the program believes gone.
void change_credentials(lua_State* L, const ipc::credential_change& change);

// The second half of that, for a change that has been made in this process already.
void repeat_in_helper(lua_State* L, const ipc::credential_change& change);

}  // namespace emilua::bindings
