#include "lib/lua/cpuid.h"

#ifdef __x86_64__

#include <cpuid.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace emilua::lua {
namespace {

using registers = std::array<std::uint32_t, 4>;  // eax, ebx, ecx, edx

registers ask(std::uint32_t leaf) noexcept {
  registers answer;
  __cpuid_count(leaf, 0, answer[0], answer[1], answer[2], answer[3]);
  return answer;
}

// Those that LuaJIT wants: the vendor and the number of leaves, and two of features.
struct known_leaves {
  registers basic = ask(0), features = ask(1), more_features = basic[0] >= 7 ? ask(7) : registers{};
};

const known_leaves& known() noexcept {
  static const known_leaves leaves;
  return leaves;
}

registers answer(std::uint32_t leaf) noexcept {
  switch (leaf) {
    case 0:
      return known().basic;
    case 1:
      return known().features;
    case 7:
      return known().more_features;
    default:
      return ask(leaf);
  }
}

}  // namespace

void learn_cpuid() noexcept { static_cast<void>(known()); }

}  // namespace emilua::lua

// The linker's --wrap sends LuaJIT here. As of its own function, the result is eax.
extern "C" int __wrap_lj_vm_cpuid(std::uint32_t leaf, std::uint32_t out[4]) {
  std::ranges::copy(emilua::lua::answer(leaf), out);
  return static_cast<int>(out[0]);
}

#else

namespace emilua::lua {

void learn_cpuid() noexcept {}

}  // namespace emilua::lua

#endif
