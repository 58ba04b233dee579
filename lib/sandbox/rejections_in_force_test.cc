// What the kernel does under any policy, whatever is promised, and under rules of its own.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/io_uring.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>

#include "lib/sandbox/test_filter.h"

namespace emilua::sandbox {
namespace {

using ipc::in_child;
using kind = syscall_action::kind;

// --- always rejected ------------------------------------------------------

// Arguments that do nothing even to root.
struct {
  const char* name;
  long number;
  long arguments[5];
} const rejected[] = {
    {"ptrace", SYS_ptrace, {-1, 0, 0, 0, 0}},
    {"process_vm_readv", SYS_process_vm_readv, {0, 0, 0, 0, 0}},
    {"process_vm_writev", SYS_process_vm_writev, {0, 0, 0, 0, 0}},
    {"pidfd_getfd", SYS_pidfd_getfd, {-1, -1, 0, 0, 0}},
    {"process_madvise", SYS_process_madvise, {-1, 0, 0, 0, 0}},
    {"kcmp", SYS_kcmp, {-1, -1, 0, 0, 0}},
    {"bpf", SYS_bpf, {-1, 0, 0, 0, 0}},
    {"userfaultfd", SYS_userfaultfd, {-1, 0, 0, 0, 0}},
    {"perf_event_open", SYS_perf_event_open, {0, 0, 0, 0, -1}},
    {"open_by_handle_at", SYS_open_by_handle_at, {-1, 0, 0, 0, 0}},
    {"add_key", SYS_add_key, {0, 0, 0, 0, 0}},
    {"request_key", SYS_request_key, {0, 0, 0, 0, 0}},
    {"keyctl", SYS_keyctl, {-1, 0, 0, 0, 0}},
    {"kexec_load", SYS_kexec_load, {0, -1, 0, -1, 0}},
    {"kexec_file_load", SYS_kexec_file_load, {-1, -1, 0, 0, -1}},
    {"init_module", SYS_init_module, {0, 0, 0, 0, 0}},
    {"delete_module", SYS_delete_module, {0, 0, 0, 0, 0}},
    {"reboot", SYS_reboot, {0, 0, 0, 0, 0}},
    {"swapon", SYS_swapon, {0, -1, 0, 0, 0}},
    {"quotactl", SYS_quotactl, {-1, 0, 0, 0, 0}},
    {"syslog", SYS_syslog, {-1, 0, 0, 0, 0}},
    {"setns", SYS_setns, {-1, 0, 0, 0, 0}},
    {"unshare", SYS_unshare, {CLONE_NEWUSER | 1, 0, 0, 0, 0}},
    {"clone", SYS_clone, {CLONE_NEWUSER | CLONE_FS, 0, 0, 0, 0}},
    {"clock_settime", SYS_clock_settime, {-1, 0, 0, 0, 0}},
    {"adjtimex", SYS_adjtimex, {0, 0, 0, 0, 0}},
};

TEST(Rejected, WhateverIsPromisedUnlessNamed) {
  for (const auto& [name, number, arguments] : rejected) {
    const auto attempt = [&, number = number, a = arguments] {
      // Six of them, whatever a call takes: a register that nobody has set is an argument, too.
      return errno_of(::syscall(number, a[0], a[1], a[2], a[3], a[4], 0L));
    };
    const int unconfined = in_child(attempt);
    EXPECT_NE(unconfined, killed_by_filter) << name;
    EXPECT_EQ(under({.promises = promise_set::all() - promise::error}, attempt), killed_by_filter)
        << name;
    EXPECT_EQ(under({.promises = promise_set::all()}, attempt), EPERM) << name;
    EXPECT_EQ(under({.promises = promise::stdio, .allow = {{.name = name}}}, attempt), unconfined)
        << name;
  }
}

// Row 27.
TEST(Rejected, RingsUnlessPromised) {
  const auto attempt = [] {
    io_uring_params parameters{};
    return errno_of(::syscall(SYS_io_uring_setup, 1, &parameters));
  };
  if (const int error = in_child(attempt)) EMILUA_SKIP("no io_uring: " + std::to_string(error));
  EXPECT_EQ(under({.promises = promise_set::all() - promise::io_uring}, attempt), EPERM);
  EXPECT_EQ(under({.promises = {promise::stdio, promise::io_uring}}, attempt), 0);
}

// Row 25: a library gets threads and processes by clone.
TEST(Rejected, Clone3DoesNotExist) {
  const auto attempt = [] { return errno_of(::syscall(SYS_clone3, nullptr, 0)); };
  EXPECT_EQ(in_child(attempt), EINVAL);
  EXPECT_EQ(under({.promises = promise_set::all() - promise::error}, attempt), ENOSYS);
}

// Row 26.
TEST(Newer, CallsDoNotExist) {
  constexpr long mseal = 462;
  const auto attempt = [] { return errno_of(::syscall(mseal, 0, 0, 0)); };
  if (in_child(attempt) == ENOSYS) EMILUA_SKIP("this kernel has no mseal(2)");
  EXPECT_EQ(under({.promises = promise_set::all() - promise::error}, attempt), ENOSYS);
}

#ifdef __x86_64__
// Row 23. Kernels without x32 answer ENOSYS on their own.
TEST(Abi, X32Kills) {
  const auto attempt = [] {
    return ::syscall(0x40000000 | SYS_getpid) == -1 && errno != ENOSYS ? errno : 0;
  };
  EXPECT_EQ(in_child(attempt), 0);
  EXPECT_EQ(under({.promises = promise_set::all()}, attempt), killed_by_filter);
}

// Row 24.
TEST(Abi, TheGateOf32BitsKills) {
  const auto attempt = [] {
    long number = 20;  // getpid, as seen from there
    asm volatile("int $0x80" : "+a"(number) : : "memory", "r8", "r9", "r10", "r11");
    return number > 0 ? 0 : 1;
  };
  if (in_child(attempt) != 0) EMILUA_SKIP("this kernel runs no 32-bit code");
  EXPECT_EQ(under({.promises = promise_set::all()}, attempt), killed_by_filter);
}
#endif

// --- rules ----------------------------------------------------------------

TEST(Rules, DenyHasItsOwnAnswerAgainstPromiseAllowAndDefault) {
  const syscall_policy policy{
      .promises = promise::stdio,
      .allow = {{.name = "getppid"}},
      .deny = {{.name = "getppid", .action = syscall_action{kind::error, EXFULL}},
               {.name = "ptrace", .action = syscall_action{kind::error, EROFS}}}};
  EXPECT_EQ(under(policy, [] { return errno_of(::syscall(SYS_getppid)); }), EXFULL);
  EXPECT_EQ(under(policy, [] { return errno_of(::ptrace(PTRACE_TRACEME)); }), EROFS);
}

TEST(Rules, ArgumentsAreTested) {
  const syscall_policy policy{.promises = promise::stdio,
                              .deny = {{.name = "dup2",
                                        .tests = {{1, comparison::greater_equal, 100}},
                                        .action = syscall_action{kind::error, EXFULL}}}};
  EXPECT_EQ(under(policy, [] { return errno_of(::dup2(1, 99)); }), 0);
  EXPECT_EQ(under(policy, [] { return errno_of(::dup2(1, 100)); }), EXFULL);
}

TEST(Rules, TrapMayBeHandled) {
  const syscall_policy policy{.promises = promise::stdio, .otherwise = syscall_action{kind::trap}};
  EXPECT_EQ(under(policy,
                  [] {
                    struct sigaction handler {};
                    handler.sa_flags = SA_SIGINFO;
                    handler.sa_sigaction = [](int, siginfo_t* info, void*) {
                      ::_exit(info->si_syscall == SYS_getcwd ? 77 : 1);
                    };
                    if (::sigaction(SIGSYS, &handler, nullptr) == -1) return errno;
                    char buffer[1];
                    return static_cast<int>(::syscall(SYS_getcwd, buffer, 1));
                  }),
            77);
}

}  // namespace
}  // namespace emilua::sandbox
