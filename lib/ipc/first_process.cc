// Between fork and the worker's return: no malloc, no locks, no stdio, no exceptions.
#include "lib/ipc/first_process.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/signals.h"
#include "lib/base/unique_fd.h"
#include "lib/ipc/process.h"

namespace emilua::ipc {
namespace {

constexpr int passed_on[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};

sigset_t first_process_signals() noexcept {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGCHLD);
  for (const int signal : passed_on) ::sigaddset(&signals, signal);
  return signals;
}

// Reaps whoever has ended. The worker's end is ours.
void reap(pid_t worker) noexcept {
  for (;;) {
    int status;
    const pid_t pid = base::retry([&] { return ::waitpid(-1, &status, WNOHANG); });
    if (pid <= 0) return;
    if (pid == worker) ::_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
  }
}

[[noreturn]] void look_after(pid_t worker) noexcept {
  const sigset_t signals = first_process_signals();
  // A pipe's other end is to see the worker's end at once.
  if (!base::close_from(0)) ::_exit(1);
  for (;;) {
    const int signal = base::retry([&] { return ::sigwaitinfo(&signals, nullptr); });
    if (signal == SIGCHLD)
      reap(worker);
    else if (signal > 0)
      ::kill(worker, signal);
  }
}

}  // namespace

void ready_first_process() noexcept {
  if (::getpid() != 1) return base::unblock_all_signals();
  const sigset_t signals = first_process_signals();
  ::sigprocmask(SIG_SETMASK, &signals, nullptr);
}

int split_first_process() noexcept {
  if (::getpid() != 1) return 0;
  base::unique_fd pidfd;
  const auto worker = clone_process(0, pidfd, SIGCHLD);
  if (!worker) return -1;
  if (*worker != 0) look_after(*worker);
  base::unblock_all_signals();
  return 0;
}

}  // namespace emilua::ipc
