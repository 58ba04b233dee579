// Between fork and the worker's return: no malloc, no locks, no stdio, no exceptions.
#include "lib/ipc/first_process.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/signals.h"
#include "lib/base/unique_fd.h"
#include "lib/base/wait_status.h"
#include "lib/ipc/process.h"

namespace emilua::ipc {
namespace {

constexpr int passed_on[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGCONT};

sigset_t first_process_signals() noexcept {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGCHLD);
  for (const int signal : passed_on) ::sigaddset(&signals, signal);
  return signals;
}

bool tell(int news, const worker_news& what) noexcept {
  return news == -1 || ::write(news, &what, sizeof what) == sizeof what;
}

// The worker's end is ours.
[[noreturn]] void leave_with(int status, int news) noexcept {
  if (news != -1) {
    ::kill(-1, SIGKILL);
    while (base::retry([&] { return ::waitpid(-1, nullptr, 0); }) > 0) {
    }
    static_cast<void>(tell(news, {worker_news::kind::ended, status}));
  }
  ::_exit(status);
}

// Whoever has ended.
void reap(pid_t worker, int news) noexcept {
  for (;;) {
    int status;
    const pid_t pid = base::retry([&] { return ::waitpid(-1, &status, WNOHANG | WUNTRACED); });
    if (pid <= 0) return;
    if (pid != worker) continue;
    if (!WIFSTOPPED(status)) leave_with(base::exit_code(status), news);
    if (!tell(news, {worker_news::kind::stopped, 0})) ::_exit(1);  // nobody would wake it
  }
}

// The terminal has sent the same to the worker, if that is to have it.
bool is_from_terminal(const siginfo_t& info) noexcept {
  return info.si_signo == SIGINT && info.si_code == SI_KERNEL;
}

void pass_on(const siginfo_t& info, pid_t worker) noexcept {
  if (is_from_terminal(info)) return;
  // What was stopped by a terminal is a whole group.
  if (info.si_signo != SIGCONT || ::kill(-worker, SIGCONT) == -1) ::kill(worker, info.si_signo);
}

[[noreturn]] void look_after(pid_t worker, int news) noexcept {
  const sigset_t signals = first_process_signals();
  // A pipe's other end is to see the worker's end at once.
  if (news > 0 && ::dup3(news, 0, O_CLOEXEC) == -1) ::_exit(1);
  if (!base::close_from(news == -1 ? 0 : 1)) ::_exit(1);
  for (;;) {
    siginfo_t info;
    const int signal = base::retry([&] { return ::sigwaitinfo(&signals, &info); });
    if (signal == SIGCHLD)
      reap(worker, news == -1 ? -1 : 0);
    else if (signal > 0)
      pass_on(info, worker);
  }
}

struct second_process {
  void (*go_on)(void*) noexcept;
  void* with;
};

int begin_second_process(void* start) noexcept {
  const auto& [go_on, with] = *static_cast<const second_process*>(start);
  base::unblock_all_signals();
  go_on(with);
  return 125;
}

}  // namespace

void ready_first_process() noexcept {
  if (::getpid() != 1) return base::unblock_all_signals();
  const sigset_t signals = first_process_signals();
  ::sigprocmask(SIG_SETMASK, &signals, nullptr);
}

int split_first_process(int news) noexcept {
  if (::getpid() != 1) return 0;
  base::unique_fd pidfd;
  const auto worker = clone_process(0, pidfd, SIGCHLD);
  if (!worker) return -1;
  if (*worker != 0) look_after(*worker, news);
  base::unblock_all_signals();
  return 0;
}

int split_first_process(int news, void (*go_on)(void*) noexcept, void* with) noexcept {
  if (::getpid() != 1) return 0;
  // The first one's frames are left alone.
  alignas(16) static std::byte stack[64 * 1024];
  second_process start{go_on, with};
  const int worker =
      ::clone(begin_second_process, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &start);
  if (worker == -1) return -1;
  look_after(worker, news);
}

}  // namespace emilua::ipc
