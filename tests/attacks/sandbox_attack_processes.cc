// To other processes: their memory, descriptors and life.
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "tests/attacks/sandbox_attack.h"

namespace emilua::attacks {
namespace {

outcome trace(const arguments& a) {
  return result_of("ptrace", ::ptrace(PTRACE_SEIZE, a.number(0), nullptr, nullptr));
}

struct remote_text {
  char room[256] = {};
  iovec here{room, sizeof room}, there;
  pid_t pid;

  // PID ADDRESS SIZE
  explicit remote_text(const arguments& a)
      : there{address(std::strtoul(a.text(1), nullptr, 0)), static_cast<std::size_t>(a.number(2))},
        pid(static_cast<pid_t>(a.number(0))) {
    here.iov_len = there.iov_len;
  }

  static void* address(std::uintptr_t of) noexcept {
    return reinterpret_cast<void*>(of);  // NOLINT(performance-no-int-to-ptr)
  }
};

outcome read_memory(const arguments& a) {
  remote_text text{a};
  const ssize_t n = ::process_vm_readv(text.pid, &text.here, 1, &text.there, 1, 0);
  return n == -1 ? refused("process_vm_readv") : done({text.room, static_cast<std::size_t>(n)});
}

outcome write_memory(const arguments& a) {
  remote_text text{a};
  return result_of("process_vm_writev",
                   ::process_vm_writev(text.pid, &text.here, 1, &text.there, 1, 0));
}

outcome read_memory_file(const arguments& a) {
  remote_text text{a};
  const std::string path = "/proc/" + std::to_string(text.pid) + "/mem";
  const int fd = ::open(path.c_str(), O_RDONLY);
  if (fd == -1) return refused("open");
  const ssize_t n =
      ::pread(fd, text.room, text.there.iov_len,
              static_cast<off_t>(reinterpret_cast<std::uintptr_t>(text.there.iov_base)));
  return n == -1 ? refused("pread") : done({text.room, static_cast<std::size_t>(n)});
}

int open_process(const arguments& a) {
  return static_cast<int>(::syscall(SYS_pidfd_open, a.number(0), 0));
}

outcome take_descriptor(const arguments& a) {
  const int process = open_process(a);
  if (process == -1) return refused("pidfd_open");
  const long fd = ::syscall(SYS_pidfd_getfd, process, a.number(1), 0);
  return fd == -1 ? refused("pidfd_getfd") : contents_of(static_cast<int>(fd));
}

outcome signal_by_descriptor(const arguments& a) {
  const int process = open_process(a);
  if (process == -1) return refused("pidfd_open");
  return result_of("pidfd_send_signal",
                   ::syscall(SYS_pidfd_send_signal, process, SIGKILL, nullptr, 0));
}

outcome slow_down(const arguments& a) {
  return result_of("setpriority", ::setpriority(PRIO_PROCESS, static_cast<id_t>(a.number(0)), 19));
}

outcome limit(const arguments& a) {
  const rlimit none{0, 0};
  return result_of("prlimit",
                   ::prlimit(static_cast<pid_t>(a.number(0)), RLIMIT_CORE, &none, nullptr));
}

// Forks twice; the one who stays has a session of its own, and is found by its arguments.
outcome outlive(const arguments&) {
  int ready[2];
  if (::pipe(ready) == -1) return refused("pipe");
  const pid_t child = ::fork();
  if (child == -1) return refused("fork");
  if (child == 0) {
    if (::setsid() == -1) ::_exit(errno);
    const pid_t grandchild = ::fork();
    if (grandchild == -1) ::_exit(errno);
    if (grandchild != 0) ::_exit(0);
    ::close(STDOUT_FILENO);
    ::close(STDERR_FILENO);
    ::close(ready[0]);
    ::close(ready[1]);
    for (;;) ::pause();
  }
  int status = 0;
  if (::waitpid(child, &status, 0) == -1) return refused("waitpid");
  errno = WEXITSTATUS(status);
  return errno == 0 ? done() : refused("fork");
}

// What whoever started us has left for us: "done TERM blocked, CHLD ignored, …".
outcome inherited_state(const arguments&) {
  std::string found;
  sigset_t blocked;
  if (::sigprocmask(SIG_SETMASK, nullptr, &blocked) == -1) return refused("sigprocmask");
  for (const auto& [number, name] : {std::pair{SIGTERM, "TERM"}, std::pair{SIGCHLD, "CHLD"},
                                     std::pair{SIGPIPE, "PIPE"}, std::pair{SIGINT, "INT"}}) {
    struct sigaction action {};
    if (::sigaction(number, nullptr, &action) == -1) return refused("sigaction");
    if (::sigismember(&blocked, number) == 1) found += std::string{name} + " blocked, ";
    if (action.sa_handler == SIG_IGN) found += std::string{name} + " ignored, ";
  }
  return done(found);
}

// The descriptors that came along.
outcome inherited_descriptors(const arguments&) {
  std::string found;
  for (int fd = 3; fd < 1024; ++fd)
    if (::fcntl(fd, F_GETFD) != -1) found += std::to_string(fd) + " ";
  errno = EBADF;
  return found.empty() ? refused("fcntl") : done(found);
}

extern "C" char** environ;

outcome environment(const arguments&) {
  std::string found;
  for (char** at = environ; *at != nullptr; ++at) found += std::string{*at} + " ";
  errno = ENOENT;
  return found.empty() ? refused("getenv") : done(found);
}

constexpr attack attacks[] = {
    {"trace", trace},
    {"read_memory", read_memory},
    {"write_memory", write_memory},
    {"read_memory_file", read_memory_file},
    {"take_descriptor", take_descriptor},
    {"kill",
     [](const arguments& a) {
       return result_of("kill", ::kill(static_cast<pid_t>(a.number(0)), SIGKILL));
     }},
    {"kill_by_descriptor", signal_by_descriptor},
    // Whether there is anybody who could be killed.
    {"signal_everybody", [](const arguments&) { return result_of("kill", ::kill(-1, 0)); }},
    {"slow_down", slow_down},
    {"limit", limit},
    {"outlive", outlive},
    {"inherited_state", inherited_state},
    {"inherited_descriptors", inherited_descriptors},
    {"environment", environment},
};

}  // namespace

std::span<const attack> process_attacks() { return attacks; }

}  // namespace emilua::attacks
