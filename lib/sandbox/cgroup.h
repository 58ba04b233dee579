// A cgroup of the box's own (version 2): a leaf beneath the caller's, with its limits, that goes
// when the box does.
//
//   auto leaf = cgroup_leaf::make({.limits = policy.limits.cgroup});
//   if (!leaf) report(leaf.error().what, leaf.error().code);
//   … the child writes "0" to leaf->joining() before it does anything else …
//   leaf->end();                                  // kills who is left, and removes it
//
// Leaves are named after the process that made them, so that those of the dead can be told: each
// make() sweeps them away. Where processes are in the way of controllers, those of the caller's
// family move into a leaf of their own, as whoever is given a cgroup has to; from then on boxes'
// leaves lie beside that one. It is swept by the next start that finds it empty.
//
// Allocates. Source: Documentation/admin-guide/cgroup-v2.rst.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <boost/system/result.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/unique_fd.h"
#include "lib/sandbox/policy.h"

namespace emilua::sandbox {

struct cgroup_failure {
  std::string what;  // "memory.max", "cgroup"
  std::error_code code;
};

template <class T = void>
using cgroup_result = boost::system::result<T, cgroup_failure>;

// "memory" "pids" "cpu" "io": those that the limits need.
[[nodiscard]] std::vector<std::string_view> controllers_of(const cgroup_policy& limits);

// "memory.max 1048576, pids.max 5"
[[nodiscard]] std::string in_words(const cgroup_policy& limits);

// The directory of the caller's own cgroup, or, if the caller has moved out of the way, of the one
// that it has left: where leaves are made. ENOENT: there is no version 2 hierarchy.
[[nodiscard]] base::result<std::string> own_cgroup();

// Sees to it that what is made beneath `directory` has them. ENOTSUP: the kernel, or the cgroup
// above, does not give that one; EBUSY: processes in `directory` are in the way.
[[nodiscard]] cgroup_result<> enable_controllers(int directory,
                                                 const std::vector<std::string_view>& wanted);

// The same, after whoever is in `directory`, `family` and its descendants, has been moved: but for
// the root of all, a cgroup has processes or children with controllers. EBUSY: there are others,
// and nothing has been moved.
[[nodiscard]] cgroup_result<> make_way(int directory, const std::vector<std::string_view>& wanted,
                                       pid_t family);

// Those that make_way() would find there, by what the files say: nothing is changed.
[[nodiscard]] std::vector<std::string> usable_controllers(const std::string& directory,
                                                          pid_t family);

[[nodiscard]] cgroup_result<> write_limits(int leaf, const cgroup_policy& limits);

struct cgroup_wish {
  cgroup_policy limits = {};
  pid_t family = ::getpid();  // see make_way()
  bool survives = false;      // the maker's death: the sweep then waits until nobody is left in it
};

class cgroup_leaf {
 public:
  // Beneath the caller's own cgroup.
  [[nodiscard]] static cgroup_result<cgroup_leaf> make(const cgroup_wish& wish);
  [[nodiscard]] static cgroup_result<cgroup_leaf> make(const cgroup_wish& wish,
                                                       const std::string& parent);

  cgroup_leaf(cgroup_leaf&& other) noexcept = default;
  cgroup_leaf& operator=(cgroup_leaf&& other) noexcept;
  ~cgroup_leaf() { end(); }

  // A file, for whoever writes "0" to it.
  [[nodiscard]] int joining() const noexcept { return joining_.get(); }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  // Kills everybody in it, waits until they are dead, and removes it.
  void end() noexcept;

  // For whoever may not wait: after kill(), once events() is ready for POLLPRI, is_empty() may be
  // true, and end() then is done at once.
  void kill() noexcept;
  [[nodiscard]] bool is_empty() const noexcept;
  [[nodiscard]] int events() const noexcept { return events_.get(); }

 private:
  cgroup_leaf() = default;

  base::unique_fd parent_, leaf_, joining_, events_;
  std::string name_;  // empty: there is nothing to remove
};

// Removes the leaves of dead processes, and ends whoever is in them, within a second: what cannot
// be killed by then is left to the next sweep.
void sweep_cgroups(int parent);

}  // namespace emilua::sandbox
