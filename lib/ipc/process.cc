// Runs around clone: no malloc, no locks, no stdio, no exceptions.
#include "lib/ipc/process.h"

#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace emilua::ipc {
namespace {

// clone(2) carries the exit signal in the low byte of its flags, and 32 bits of them in all.
constexpr std::uint64_t old_clone_flags = 0xffffff00;

long old_clone(std::uint64_t flags, int* pidfd, int exit_signal) noexcept {
  if (flags & ~old_clone_flags) {
    errno = EINVAL;  // CLONE_NEWTIME and the like exist in clone3 only
    return -1;
  }
  return ::syscall(SYS_clone, flags | static_cast<unsigned>(exit_signal), nullptr, pidfd, nullptr,
                   nullptr);
}

base::result<siginfo_t> wait_id(int pidfd, int flags) noexcept {
  siginfo_t info{};  // as WNOHANG leaves it where there is nothing
  const auto id = static_cast<id_t>(pidfd);
  if (base::retry([&] { return ::waitid(P_PIDFD, id, &info, WEXITED | flags); }) == -1)
    return base::last_error();
  return info;
}

}  // namespace

base::result<pid_t> clone_process(std::uint64_t flags, base::unique_fd& pidfd,
                                  int exit_signal) noexcept {
  // Shared memory would mean a shared stack.
  if (flags & CLONE_VM) return base::system_error(EINVAL);
  flags |= CLONE_PIDFD;
  int fd = -1;
  clone_args arguments{};
  arguments.flags = flags;
  arguments.pidfd = reinterpret_cast<std::uintptr_t>(&fd);
  arguments.exit_signal = static_cast<unsigned>(exit_signal);
  long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid == -1 && errno == ENOSYS) pid = old_clone(flags, &fd, exit_signal);
  if (pid == -1) return base::last_error();
  pidfd.reset(pid == 0 ? -1 : fd);
  return static_cast<pid_t>(pid);
}

base::unique_fd open_process(pid_t pid) noexcept {
  return base::unique_fd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
}

base::result<> send_signal(int pidfd, int signal) noexcept {
  if (::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) == -1) return base::last_error();
  return {};
}

exit_status status_of(const siginfo_t& info) noexcept {
  if (info.si_code == CLD_EXITED) return {.code = info.si_status, .signal = 0};
  return {.code = 128 + info.si_status, .signal = info.si_status};
}

base::result<exit_status> reap(int pidfd) noexcept {
  const auto info = wait_id(pidfd, 0);
  if (!info) return info.error();
  return status_of(*info);
}

base::result<std::optional<exit_status>> try_reap(int pidfd) noexcept {
  const auto info = wait_id(pidfd, WNOHANG);
  if (!info) return info.error();
  if (info->si_pid == 0) return std::optional<exit_status>{};
  return std::optional{status_of(*info)};
}

}  // namespace emilua::ipc
