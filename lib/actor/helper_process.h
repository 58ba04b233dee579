// The helper's own life: see spawn_helper.h.
#pragma once

#include "lib/actor/spawn_helper.h"
#include "lib/base/unique_fd.h"

namespace emilua::actor {

// Runs in the forked process, all signals blocked. Serves until the main process is gone; then
// leaves with its last child. `main`: the program's first process, whose family moves out of the
// way of cgroups (cgroup.h).
[[noreturn]] void helper_main(base::unique_fd socket, const spawn_helper::start_memory& memory,
                              actor_life& life, pid_t main);

}  // namespace emilua::actor
