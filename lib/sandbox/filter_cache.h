// Filters that have been compiled before: most boxes of a program have the same few.
//
//   filter_cache cache;                              // one for each VM
//   auto filter = cache.compile(policy);             // some milliseconds, and then none
#pragma once

#include <utility>
#include <vector>

#include "lib/sandbox/seccomp_filter.h"

namespace emilua::sandbox {

class filter_cache {
 public:
  // As compile_filter(policy) without a context, which is never the same twice.
  [[nodiscard]] boost::system::result<compiled_filter, filter_error> compile(
      const syscall_policy& policy);

 private:
  static constexpr std::size_t capacity = 16;

  std::vector<std::pair<syscall_policy, compiled_filter>> entries_;  // the last used one last
};

}  // namespace emilua::sandbox
