#include "lib/fiber/native_stack.h"

#include <sys/resource.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace emilua::fiber {
namespace {

std::size_t allowance() noexcept {
  // What a thread gets when there is no limit, in the C library.
  constexpr rlim_t unlimited = rlim_t{2} << 20;
  constexpr rlim_t enough = rlim_t{8} << 20;
  rlimit limit{};
  if (::getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
    limit.rlim_cur = unlimited;
  return std::min(limit.rlim_cur, enough) / 2;
}

}  // namespace

bool native_stack_is_deep() noexcept {
  static const std::size_t allowed = allowance();
  thread_local std::uintptr_t outermost = 0;
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  outermost = std::max(outermost, here);
  return outermost - here > allowed;
}

}  // namespace emilua::fiber
