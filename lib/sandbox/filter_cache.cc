#include "lib/sandbox/filter_cache.h"

#include <algorithm>

namespace emilua::sandbox {

boost::system::result<compiled_filter, filter_error> filter_cache::compile(
    const syscall_policy& policy) {
  const auto it =
      std::ranges::find(entries_, policy, &std::pair<syscall_policy, compiled_filter>::first);
  if (it != entries_.end()) {
    std::rotate(it, it + 1, entries_.end());
    return entries_.back().second;
  }
  auto made = compile_filter(policy);
  if (!made) return made;
  if (entries_.size() == capacity) entries_.erase(entries_.begin());
  entries_.emplace_back(policy, *made);
  return made;
}

}  // namespace emilua::sandbox
