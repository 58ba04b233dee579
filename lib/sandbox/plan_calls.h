// The part of a plan that says which system calls a box needs.
#pragma once

#include "lib/sandbox/plan.h"

namespace emilua::sandbox {

// Whether it lets anything be changed, or only be read and executed.
[[nodiscard]] bool grants_writing(const exact_grant& rule);

// Whether the box is to have calls that change modes, owners and times of files, which Landlock
// does not rule.
[[nodiscard]] bool changes_attributes(const policy& policy, subject who);

// What the rest of the policy needs, unless the policy says it itself. `own_network`: the box has a
// network namespace. `attributes`: those calls reach only what is granted.
[[nodiscard]] syscall_policy wanted_calls(const policy& policy, subject who, bool own_network,
                                          bool attributes);

}  // namespace emilua::sandbox
