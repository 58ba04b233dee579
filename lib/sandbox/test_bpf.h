// For tests: what a filter answers, without a kernel.
//
//   EXPECT_EQ(filter_answer(program, {.nr = SYS_read, .arch = AUDIT_ARCH_X86_64}),
//   SECCOMP_RET_ALLOW);
#pragma once

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <cstring>
#include <string_view>

namespace emilua::sandbox {

// Runs the part of BPF that filters are made of; 0xdeadbeef and a failed test for anything else.
inline std::uint32_t filter_answer(std::string_view program, const seccomp_data& call) {
  constexpr std::uint32_t broken = 0xdeadbeef;
  std::uint32_t a = 0;
  for (std::size_t at = 0; at < program.size() / sizeof(sock_filter); ++at) {
    sock_filter i;
    std::memcpy(&i, program.data() + at * sizeof i, sizeof i);
    const auto jump = [&](bool condition) { at += condition ? i.jt : i.jf; };
    switch (i.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        if (i.k + sizeof a > sizeof call) break;
        std::memcpy(&a, reinterpret_cast<const char*>(&call) + i.k, sizeof a);
        continue;
      case BPF_ALU | BPF_AND | BPF_K:
        a &= i.k;
        continue;
      case BPF_JMP | BPF_JA:
        at += i.k;
        continue;
      case BPF_JMP | BPF_JEQ | BPF_K:
        jump(a == i.k);
        continue;
      case BPF_JMP | BPF_JGT | BPF_K:
        jump(a > i.k);
        continue;
      case BPF_JMP | BPF_JGE | BPF_K:
        jump(a >= i.k);
        continue;
      case BPF_JMP | BPF_JSET | BPF_K:
        jump((a & i.k) != 0);
        continue;
      case BPF_RET | BPF_K:
        return i.k;
      default:
        break;
    }
    ADD_FAILURE() << "instruction " << at << ": code " << i.code;
    return broken;
  }
  ADD_FAILURE() << "no answer";
  return broken;
}

}  // namespace emilua::sandbox
