// Processes by descriptor: creation, signals and exit, free of pid races.
//
//   base::unique_fd pidfd; auto pid = clone_process(CLONE_NEWPID, pidfd);
//   if (pid && *pid == 0) { … the child … }
//
// Source: clone(2) (clone3), pidfd_send_signal(2), pidfd_open(2), waitid(2).
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "lib/base/error.h"
#include "lib/base/unique_fd.h"

namespace emilua::ipc {

// fork(2) with namespace flags and a process descriptor. Returns 0 in the child (where `pidfd` is
// empty), the pid in the parent. `exit_signal` is sent to the parent when the child ends (SIGCHLD
// as a rule). Where clone3 is missing (ENOSYS), falls back to clone(2); flags that only clone3
// knows (CLONE_NEWTIME) are then EINVAL, as CLONE_VM always is.
//
// This is the bare system call: no pthread_atfork handler runs, no lock of the C library is taken
// over or reset (malloc, stdio), and the thread id that the C library keeps is the parent's. So
// either the caller is single-threaded, or the child makes nothing but system calls.
[[nodiscard]] base::result<pid_t> clone_process(std::uint64_t flags, base::unique_fd& pidfd,
                                                int exit_signal) noexcept;

// A descriptor of the process, close-on-exec: readable once it has ended.
[[nodiscard]] base::unique_fd open_process(pid_t pid) noexcept;

// ESRCH when the process is gone, that is, reaped; a zombie still takes signals.
[[nodiscard]] base::result<> send_signal(int pidfd, int signal) noexcept;

// How a process has ended.
struct exit_status {
  int code;    // given to exit; 128 + signal when killed, as shells have it
  int signal;  // 0: none
};

// What waitid(2) has found.
[[nodiscard]] exit_status status_of(const siginfo_t& info) noexcept;

// Waits for the end of a child and reaps it. ECHILD: it is no child, or has been reaped.
[[nodiscard]] base::result<exit_status> reap(int pidfd) noexcept;
// The same without waiting; empty while the child lives.
[[nodiscard]] base::result<std::optional<exit_status>> try_reap(int pidfd) noexcept;

}  // namespace emilua::ipc
