// For tests: forked children that report by exit status, and kernels that lack things.
//
//   EXPECT_EQ(EPIPE, in_child([&] {
//     answer(SYS_clone3, ENOSYS);            // from here on the kernel is an older one
//     return send_packet(…).error().value();
//   }));
#pragma once

#include <dirent.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "lib/base/error.h"

// Leaves the test: skipped as a rule, failed where everything is expected to work.
#define EMILUA_SKIP(reason)                               \
  do {                                                    \
    if (::getenv("EMILUA_MUST_WORK")) FAIL() << (reason); \
    GTEST_SKIP() << (reason);                             \
  } while (false)

namespace emilua::ipc {

// The exit status of a child that ran `body` (128 + n when signal n killed it).
template <class Body>
int in_child(Body&& body) {
  const pid_t pid = ::fork();
  if (pid == -1) return -1;
  if (pid == 0) ::_exit(body());
  int status = 0;
  if (base::retry([&] { return ::waitpid(pid, &status, 0); }) == -1) return -1;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// How many descriptors are open.
inline int open_descriptors() {
  DIR* directory = ::opendir("/proc/self/fd");
  if (!directory) return -1;
  int count = -1;  // less the directory's own
  while (const dirent* entry = ::readdir(directory)) count += entry->d_name[0] != '.';
  ::closedir(directory);
  return count;
}

// Makes a system call fail with `error`; if `bits` is given, only when `argument` has one of them.
// For good: call it in a child. _exit(250) if the kernel has no filters.
inline void answer(long system_call, int error, unsigned argument = 0, std::uint32_t bits = 0) {
  constexpr auto load = BPF_LD | BPF_W | BPF_ABS;
  const auto low_half = static_cast<std::uint32_t>(offsetof(seccomp_data, args) + 8 * argument);
  const auto value = SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error);
  sock_filter code[] = {
      BPF_STMT(load, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ, static_cast<std::uint32_t>(system_call), 0, 3),
      BPF_STMT(load, low_half),
      BPF_JUMP(BPF_JMP | BPF_JSET, bits, 0, static_cast<std::uint8_t>(bits ? 1 : 0)),
      BPF_STMT(BPF_RET, value),
      BPF_STMT(BPF_RET, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{sizeof code / sizeof *code, code};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == -1)
    ::_exit(250);
}

}  // namespace emilua::ipc
