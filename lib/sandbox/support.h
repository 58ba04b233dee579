// What this kernel can enforce for this user: tried out, never read off a version.
//
//   const sandbox::support here = sandbox::probe();      // some milliseconds
//   if (here.namespaces & CLONE_NEWNET) …
//
// The planner (plan.h) takes it as a value, so that tests can describe any kernel. Whoever is in a
// hurry plans for all_supported(), and probes only when a step has failed: nothing untrusted has
// run by then.
//
// Source: namespaces(7), user_namespaces(7), landlock(7), seccomp(2).
#pragma once

#include <string>
#include <vector>

#include "lib/sandbox/namespaces.h"

namespace emilua::sandbox {

struct support {
  int landlock_abi = 0;          // 0: none
  namespace_set namespaces = 0;  // that can be made and used, in a user namespace if need be
  bool filters = false;          // seccomp
  bool thread_signals = false;   // landlock_threads_may_signal()
  // Of cgroup version 2, that a leaf of one's own can have: "memory" …
  std::vector<std::string> controllers;
  // What the kernel said where something is missing: errno, or 0.
  int landlock_error = 0;
  int filter_error = 0;
  int cgroup_error = 0;  // no leaf can be made at all
  // By the order of namespace_kinds().
  int namespace_errors[8] = {};

  [[nodiscard]] int error_of(namespace_set kind) const noexcept;
};

// Makes a scratch process for each kind of namespace, and reaps it.
[[nodiscard]] support probe();

// What a process that runs already can have of it: no namespaces, no cgroup. Makes no process.
[[nodiscard]] support probe_in_place() noexcept;

// A kernel that refuses nothing, with its Landlock as it is.
[[nodiscard]] support all_supported() noexcept;

// What helps, as a sentence without a full stop; empty if nothing is known. `kind` is 0 for
// Landlock and for filters.
[[nodiscard]] std::string remedy_for_namespace(namespace_set kind, int error);
[[nodiscard]] std::string remedy_for_landlock(int error);

}  // namespace emilua::sandbox
