// What is to be joined: opened outside, while it is known whose it is, and entered all at once.
//
//   target target = open_target(options);
//   join(target);                        // this process; a pid namespace, its next children
//
// What fails throws tools::refusal. Source: setns(2), pidfd_open(2), proc(5), cgroups(7).
#pragma once

#include <utility>
#include <vector>

#include "lib/base/unique_fd.h"
#include "lib/sandbox/namespaces.h"
#include "tools/jailattach/options.h"

namespace emilua::jailattach {

struct target {
  base::unique_fd process;                // a pidfd, or nothing
  sandbox::namespace_set namespaces = 0;  // of that process, which are not ours
  std::vector<std::pair<sandbox::namespace_set, base::unique_fd>> files;  // without a process
  base::unique_fd root;
  std::vector<base::unique_fd> groups;  // cgroup.procs

  // Whose user namespace is another one than that of our maker.
  [[nodiscard]] bool has_other_users() const noexcept;
};

[[nodiscard]] target open_target(const options& options);

void join(const target& target);

// The calling process alone.
void join_groups(const target& target);

}  // namespace emilua::jailattach
