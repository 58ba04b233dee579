#include "lib/sandbox/raw_filter.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/ipc/test_child.h"
#include "lib/sandbox/landlock.h"
#include "lib/sandbox/seccomp_install.h"

namespace emilua::sandbox {
namespace {

constexpr sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);

std::string bytes(const std::vector<sock_filter>& code) {
  return {reinterpret_cast<const char*>(code.data()), code.size() * sizeof(sock_filter)};
}

// 0 or errno of the kernel.
int kernels_opinion(const std::string& program) {
  return ipc::in_child([&] {
    if (!set_no_new_privs()) return 200;
    const auto done = install_filter(base::bytes_of(program));
    return done ? 0 : done.error().value();
  });
}

void expect_fault(const std::string& program, const char* fault) {
  EXPECT_EQ(find_fault(program), fault);
  EXPECT_EQ(kernels_opinion(program), EINVAL) << fault;
}

TEST(RawFilter, GoodOnesHaveNoFault) {
  const std::string programs[] = {
      bytes({allow}),
      bytes({BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[5]) + 4),
             BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1, 0, 1), allow, allow}),
      bytes({BPF_STMT(BPF_LD | BPF_IMM, SECCOMP_RET_ALLOW), BPF_STMT(BPF_ST, 15),
             BPF_STMT(BPF_LDX | BPF_MEM, 15), BPF_STMT(BPF_ALU | BPF_OR | BPF_X, 0),
             BPF_STMT(BPF_JMP | BPF_JA, 0), BPF_STMT(BPF_RET | BPF_A, 0)}),
  };
  for (const std::string& program : programs) {
    EXPECT_EQ(find_fault(program), std::nullopt);
    EXPECT_EQ(kernels_opinion(program), 0);
  }
}

TEST(RawFilter, FaultsAreNamed) {
  expect_fault("", "is no array of instructions of 8 bytes");
  expect_fault("1234567", "is no array of instructions of 8 bytes");
  expect_fault(bytes(std::vector(4097, allow)), "has more than 4096 instructions");
  expect_fault(bytes({BPF_STMT(BPF_LD | BPF_IMM, 0)}), "does not end with an answer");
  expect_fault(bytes({BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2), allow}),
               "instruction 0: loads what is no word of seccomp_data");
  expect_fault(bytes({BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64), allow}),
               "instruction 0: loads what is no word of seccomp_data");
  expect_fault(bytes({BPF_STMT(BPF_JMP | BPF_JA, 1), allow}), "instruction 0: jumps too far");
  expect_fault(bytes({allow, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), allow}),
               "instruction 1: jumps too far");
  expect_fault(bytes({BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), allow}),
               "instruction 0: is no operation of a filter");
  expect_fault(bytes({BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), allow}),
               "instruction 0: divides by zero");
  expect_fault(bytes({BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), allow}),
               "instruction 0: shifts too far");
  expect_fault(bytes({BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 1), allow}),
               "instruction 0: is no operation of a filter");
  expect_fault(bytes({BPF_STMT(BPF_ST, 16), allow}), "instruction 0: is outside of the memory");
}

// Of every operation: what has no fault, the kernel takes, and the other way round.
TEST(RawFilter, TheKernelAgrees) {
  for (unsigned operation = 0; operation < 0x100; ++operation) {
    for (const std::uint32_t k : {0u, 4u}) {
      // Memory is written before it may be read, so that this is not what the kernel minds.
      const std::string program = bytes({BPF_STMT(BPF_ST, 0),
                                         BPF_STMT(BPF_ST, 4),
                                         {static_cast<unsigned short>(operation), 0, 0, k},
                                         allow,
                                         allow,
                                         allow,
                                         allow,
                                         allow,
                                         allow});
      // Some of those that it takes kill the child.
      EXPECT_EQ(kernels_opinion(program) == EINVAL, find_fault(program).has_value())
          << operation << ' ' << k;
    }
  }
}

}  // namespace
}  // namespace emilua::sandbox
