// What a box has planned for one actor, on its way from box:context() to spawn_vm.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/unique_fd.h"
#include "lib/bindings/sandbox/handshake.h"
#include "lib/lua/class.h"
#include "lib/sandbox/plan.h"

namespace emilua::bindings {

// Open as long as anything names them by their numbers.
using held_descriptors = std::vector<std::shared_ptr<const base::unique_fd>>;

struct boxed_plan {
  sandbox::plan plan;
  held_descriptors sources;  // the plan's, and perhaps others
  // The child's end, and ours; empty once an actor has it.
  base::unique_fd handshake;
  std::shared_ptr<handshake_in_progress> talk;
  std::map<std::string, std::string> environment;
  bool jit = false;       // the filter lets memory be executable
  bool children = false;  // it lets processes be made
};

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::boxed_plan>();
