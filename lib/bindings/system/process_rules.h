// Who may change what all of a process shares, such as its working directory, and who else has to
// follow: for modules that are also in programs without fibers and actors, where everybody may and
// nobody has to.
#pragma once

#include <lua.hpp>

#include "lib/ipc/credentials.h"

namespace emilua::bindings {

struct process_rules {
  void (*check)(lua_State* L);  // raises if this state may not
  void (*follow)(lua_State* L, const ipc::credential_change& made);
};

// Of this state; they must outlive it.
void set_process_rules(lua_State* L, const process_rules& rules);

void check_process_owner(lua_State* L);
void tell_process_change(lua_State* L, const ipc::credential_change& made);

}  // namespace emilua::bindings
