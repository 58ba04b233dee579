// The part of a plan that says which system calls a box needs.
#pragma once

#include "lib/sandbox/plan.h"

namespace emilua::sandbox {

// Whether it lets anything be changed, or only be read and executed.
[[nodiscard]] bool grants_writing(const exact_grant& rule);

// Whether the box is to have calls that change modes, owners and times of files, which Landlock
// does not rule.
[[nodiscard]] bool changes_attributes(const policy& policy, subject who);

// What the rest of the plan means for them.
struct call_context {
  bool own_network = false;  // the box has a network namespace
  bool attributes = true;    // those that change modes and the like reach only what is granted
  bool terminal = false;     // of its own
};

// What calls a box may make: each of these must permit one.
class wanted_calls {
 public:
  wanted_calls(const policy& policy, subject who, const call_context& context);

  [[nodiscard]] const std::vector<syscall_policy>& policies() const noexcept { return policies_; }
  // That all of them have.
  [[nodiscard]] promise_set promises() const noexcept;
  // Whether the filter lets anything through that `word` stands for.
  [[nodiscard]] bool may(promise word) const;
  // Whether it lets anything make a socket of a network.
  [[nodiscard]] bool may_open_sockets() const;
  [[nodiscard]] bool may_execute() const;
  [[nodiscard]] bool may_make_processes() const;

 private:
  std::vector<syscall_policy> policies_;
};

}  // namespace emilua::sandbox
