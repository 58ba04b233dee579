// Filters that have been compiled before: most boxes of a program have the same few.
//
//   filter_cache cache;                              // one for each VM
//   auto filter = cache.compile({policy});            // some milliseconds, and then none
#pragma once

#include <vector>

#include "lib/sandbox/seccomp_filter.h"

namespace emilua::sandbox {

class filter_cache {
 public:
  // As compile_filter(policies) without a context, which is never the same twice.
  [[nodiscard]] boost::system::result<compiled_filter, filter_error> compile(
      const std::vector<syscall_policy>& policies);

 private:
  static constexpr std::size_t capacity = 16;

  struct entry {
    std::vector<syscall_policy> policies;
    compiled_filter filter;
  };
  std::vector<entry> entries_;  // the last used one last
};

}  // namespace emilua::sandbox
