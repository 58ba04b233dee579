// The part of a plan that says which system calls a box needs.
#pragma once

#include "lib/sandbox/plan.h"

namespace emilua::sandbox {

// What the rest of the policy needs, unless the policy says it itself. `own_network`: the box has a
// network namespace.
[[nodiscard]] syscall_policy wanted_calls(const policy& policy, subject who, bool own_network);

}  // namespace emilua::sandbox
