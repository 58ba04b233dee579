#include "lib/sandbox/filter_cache.h"

#include <algorithm>

namespace emilua::sandbox {

boost::system::result<compiled_filter, filter_error> filter_cache::compile(
    const std::vector<syscall_policy>& policies) {
  const auto it = std::ranges::find(entries_, policies, &entry::policies);
  if (it != entries_.end()) {
    std::rotate(it, it + 1, entries_.end());
    return entries_.back().filter;
  }
  auto made = compile_filter(policies);
  if (!made) return made;
  if (entries_.size() == capacity) entries_.erase(entries_.begin());
  entries_.push_back({policies, *made});
  return made;
}

}  // namespace emilua::sandbox
