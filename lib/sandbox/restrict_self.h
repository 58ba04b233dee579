// Puts the process that runs this, with all its threads, into a box. For good.
//
//   auto planned = make_plan(policy, probe(), {.who = subject::self, …});
//   if (const auto failed = restrict_self(*planned)) report(planned->steps[failed->index], …);
//
// A step that fails ends it: what came before it stays in force, what comes after has not been
// done. The calling thread goes first; a thread that cannot follow ends the process (see
// lib/ipc/all_threads.h).
//
// What makes processes for this one has to be in the same box, or is a way out of it.
#pragma once

#include <optional>

#include "lib/sandbox/execute.h"
#include "lib/sandbox/plan.h"

namespace emilua::sandbox {

// Allocates, and takes locks. No other thread may be in here at the same time.
[[nodiscard]] std::optional<step_failure> restrict_self(const plan& plan);

// A process that makes others on behalf of this one.
class companion {
 public:
  virtual ~companion() = default;
  // Takes the steps itself, so that all it makes from now on is in the box, too. If it cannot, or
  // the plan lets nobody make processes, it ends, as soon as those are gone that it has made, and
  // makes none any more.
  [[nodiscard]] virtual std::optional<step_failure> restrict(const plan& plan) = 0;
};

}  // namespace emilua::sandbox
