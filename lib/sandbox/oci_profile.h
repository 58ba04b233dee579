// Profiles of container engines: the `seccomp` part of the OCI runtime specification, and the
// extensions of it that the engines' own profiles use (archMap, includes, excludes, errno by name).
//
//   auto policy = read_oci_profile(json);
//   if (!policy) report(policy.error().where, policy.error().what);   // "syscalls[3].args[0].op"
//
// Entries that permit go to `allow`, others to `deny`, defaultAction to `otherwise`; nothing is
// promised. Where entries of a profile contradict each other the denying one wins. Names that this
// system does not know are left out (a profile is written for many). Only the architecture that
// runs is served, whatever `architectures` adds. What cannot be done is an error: SCMP_ACT_TRACE,
// listenerPath. Bounded: a megabyte of text, as many rules as a filter could hold.
#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "lib/sandbox/seccomp_filter.h"
#include "lib/sandbox/syscall_rules.h"

namespace emilua::sandbox {

// What entries make conditions about.
struct oci_conditions {
  std::vector<std::string> capabilities = {};  // that the box keeps: "CAP_SYS_CHROOT"
};

[[nodiscard]] boost::system::result<syscall_policy, filter_error> read_oci_profile(
    std::string_view json, const oci_conditions& conditions = {});

}  // namespace emilua::sandbox
