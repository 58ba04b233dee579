// What two policies have in common.
//
//   auto both = sandbox::restrict(*site, *mine);
//   if (!both) report(both.error().where, both.error().what);
//
// A box under the result can do only what it could do under each of the two. What the kernel asks
// one after the other is kept apart (paths: fs_policy::within, system calls:
// policy::syscalls_within), so that it is the kernel that finds what they have in common, whatever
// links and mounts there are; the rest is merged here, field by field. Where nothing expresses what
// both permit, the result permits less; where that would change what paths or ids mean, it is an
// error with the path of the field.
//
// What grants nothing (cwd, hostname, umask) is the first policy's, if it says anything.
#pragma once

#include "lib/sandbox/policy.h"

namespace emilua::sandbox {

[[nodiscard]] policy_result<policy> restrict(const policy& policy, const struct policy& other);

}  // namespace emilua::sandbox
