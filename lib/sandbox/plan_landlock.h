// The part of a plan that is Landlock's: paths where they are the host's, ports, and what is beyond
// the box.
#pragma once

#include <string>

#include "lib/sandbox/landlock.h"
#include "lib/sandbox/plan_draft.h"

namespace emilua::sandbox {

// Whether signals to processes outside are among what it denies.
[[nodiscard]] bool scopes_signals(const support& support, subject who) noexcept;

struct landlock_context {
  bool own_root;       // nothing but mounts is there
  bool binds;          // granted paths are mounts, for want of Landlock
  bool written_apart;  // what may be written are mounts, in a tree that is read-only
  // The box has calls that change modes, owners and times, and nothing rules what they reach.
  bool unruled_attributes;
};

class landlock_planner {
 public:
  landlock_planner(const landlock_context& context, plan_draft& draft)
      : context_(context), draft_(draft), policy_(draft.wanted) {}

  void restrict();

 private:
  void report_paths(int abi);
  void allow_paths(const path_grants& grants, const std::string& list, access_rights handled);
  void allow_root(access_rights handled);
  void allow_program(access_rights handled);
  void allow_ports();

  const landlock_context& context_;
  plan_draft& draft_;
  const policy& policy_;
};

}  // namespace emilua::sandbox
