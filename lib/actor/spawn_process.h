// The part of spawn_vm that makes processes: first all that the options say, then the process.
#pragma once

#include <cstdint>
#include <lua.hpp>
#include <memory>
#include <string>

#include "lib/actor/actor_config.h"
#include "lib/actor/children.h"
#include "lib/actor/spawn_helper.h"
#include "lib/base/unique_fd.h"
#include "lib/bindings/sandbox/boxed_plan.h"

namespace emilua::actor {

// Everything that spawn_vm{…} says, and nothing done yet. The descriptors are borrowed from objects
// that the options table holds.
struct spawn_options {
  actor_config config;
  stdio_plan stdio[3];
  int init_argument = -1;
  std::uint64_t namespaces = 0;
  double wall_time = 0;
  bindings::boxed_plan* box = nullptr;  // with the child's end of the handshake
};

// Reads the table at `index`, which has `subprocess`, and finds its module from the function at
// `level` (lua_getstack).
[[nodiscard]] spawn_options read_process(lua_State* L, int index, int level);

struct spawned_process {
  base::unique_fd channel;
  std::shared_ptr<child_process> child;
};

// Carries the plan out.
[[nodiscard]] spawned_process start_process(lua_State* L, const spawn_options& options);

}  // namespace emilua::actor
