// For tests: what the filter of a policy answers, without a kernel.
//
//   EXPECT_EQ(ask(promising("stdio"), SYS_read), allowed);
#pragma once

#include <gtest/gtest.h>
#include <seccomp.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/sandbox/seccomp_filter.h"
#include "lib/sandbox/test_bpf.h"

namespace emilua::sandbox {

using kind = syscall_action::kind;

inline constexpr std::uint32_t allowed = SECCOMP_RET_ALLOW;
inline constexpr std::uint32_t killed = SECCOMP_RET_KILL_PROCESS;
constexpr std::uint32_t failed(unsigned error) { return SECCOMP_RET_ERRNO | error; }
inline constexpr std::uint64_t high_bit = std::uint64_t{1} << 32;

constexpr syscall_action failing(int error) { return {kind::error, error}; }

using arguments = std::vector<std::uint64_t>;

inline seccomp_data call_of(std::int64_t number, const arguments& given) {
  seccomp_data call{};
  call.nr = static_cast<int>(number);
  call.arch = seccomp_arch_native();
  std::copy(given.begin(), given.end(), call.args);
  return call;
}

// The one program of a policy.
inline std::string compiled(const syscall_policy& policy, const filter_context& context = {}) {
  auto filter = compile_filter(policy, context);
  if (!filter) {
    ADD_FAILURE() << filter.error().where << ": " << filter.error().what;
    return {};
  }
  EXPECT_EQ(filter->programs.size(), 1u);
  EXPECT_EQ(filter->skipped, std::vector<std::string>{});
  return filter->programs.at(0);
}

inline std::uint32_t ask(const syscall_policy& policy, std::int64_t number,
                         const arguments& given = {}) {
  return filter_answer(compiled(policy), call_of(number, given));
}

inline syscall_policy promising(std::string_view words) {
  return {.promises = *parse_promises(words)};
}

}  // namespace emilua::sandbox
