// What a box has planned for one actor, on its way from box:context() to spawn_vm.
#pragma once

#include <map>
#include <string>

#include "lib/base/unique_fd.h"
#include "lib/lua/class.h"
#include "lib/sandbox/plan.h"

namespace emilua::bindings {

struct boxed_plan {
  sandbox::plan plan;
  base::unique_fd handshake;  // the child's end; empty once an actor has it
  std::map<std::string, std::string> environment;
  bool jit = false;       // the filter lets memory be executable
  bool children = false;  // it lets processes be made
};

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::boxed_plan>();
