// The options of system.spawn as a plain value.
#pragma once

#include <lua.hpp>

#include "lib/ipc/spawn_program.h"

namespace emilua::bindings {

struct spawn_options {
  ipc::program_request request;
  int signal_on_gcreaper;  // 0: none
};

// Reads and checks the table at `index`; its file_descriptors stay its own. EINVAL with arg = the
// option's name, EBUSY for a descriptor that is elsewhere for the moment.
[[nodiscard]] spawn_options check_spawn_options(lua_State* L, int index);

}  // namespace emilua::bindings
