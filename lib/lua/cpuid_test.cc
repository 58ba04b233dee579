#include "lib/lua/cpuid.h"

#include <gtest/gtest.h>

#ifdef __x86_64__

#include <cpuid.h>

#include <array>
#include <cstdint>

extern "C" int __wrap_lj_vm_cpuid(std::uint32_t leaf, std::uint32_t out[4]);

namespace emilua::lua {
namespace {

TEST(CpuidTest, SaysWhatTheProcessorSays) {
  learn_cpuid();
  for (const std::uint32_t leaf : {0U, 1U, 7U, 0x80000000U, 0x80000001U}) {
    std::array<std::uint32_t, 4> asked{}, known{};
    __cpuid_count(leaf, 0, asked[0], asked[1], asked[2], asked[3]);
    EXPECT_EQ(static_cast<std::uint32_t>(__wrap_lj_vm_cpuid(leaf, known.data())), asked[0]);
    // Which core answers is in there too.
    if (leaf == 1) asked[1] = known[1] = 0;
    EXPECT_EQ(known, asked) << leaf;
  }
}

}  // namespace
}  // namespace emilua::lua

#endif
