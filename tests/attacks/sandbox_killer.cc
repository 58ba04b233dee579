// Kills a supervisor at one of its moments, and waits for all that it has started.
//
//   sandbox_killer clone|umask N PROGRAM [ARGUMENT...]
//
// A moment is the entry to or the return from a system call of the program or of anything that it
// has started, counted from the first clone(2), or from umask(0123), until something has been
// executed or the program has ended. Says "killed" or, if there are not so many, "over" (killed
// then, at the latest), when all are gone. Processes that are still there after PATIENCE are named
// on standard error, killed, and a failure: the status is 1.
//
// Source: ptrace(2), PR_SET_CHILD_SUBREAPER in prctl(2).
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>
#include <string>

namespace {

constexpr unsigned PATIENCE = 30;  // seconds
constexpr std::uint64_t mark = 0123;

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "sandbox_killer: %s: %s\n", what, std::strerror(errno));
  std::exit(2);
}

__ptrace_syscall_info call_of(pid_t pid) {
  __ptrace_syscall_info info{};
  if (::ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) == -1) info.op = 0;
  return info;
}

class killer {
 public:
  killer(bool from_clone, long moment, char** command)
      : from_clone_(from_clone), moment_(moment), supervisor_(start(command)) {}

  // Until it has been killed: whether at the moment that was asked for.
  bool trace() {
    for (;;) {
      int status = 0;
      const pid_t pid = ::waitpid(-1, &status, __WALL);
      if (pid == -1) fail("waitpid");
      if (!WIFSTOPPED(status)) {
        if (pid == supervisor_) return false;
        continue;
      }
      const int event = status >> 16, signal = WSTOPSIG(status);
      if (event == PTRACE_EVENT_EXEC && counting_ && from_clone_) return end(pid), false;
      if (signal == (SIGTRAP | 0x80) && is_the_moment(pid)) return end(pid), true;
      // Whoever is new stops once; other signals arrive.
      const bool is_new = known_.insert(pid).second;
      const bool ours = event != 0 || signal == (SIGTRAP | 0x80) || (is_new && signal == SIGSTOP);
      ::ptrace(PTRACE_SYSCALL, pid, nullptr, ours ? 0 : signal);
    }
  }

  // Lets everybody go on, and waits. False when somebody is left.
  static bool everybody_ends() {
    struct sigaction interrupt {};
    interrupt.sa_handler = [](int) {};
    ::sigaction(SIGALRM, &interrupt, nullptr);
    ::alarm(PATIENCE);
    for (;;) {
      int status = 0;
      const pid_t pid = ::waitpid(-1, &status, __WALL);
      if (pid == -1 && errno == ECHILD) return true;
      if (pid == -1 && errno == EINTR) return false;
      if (pid == -1) fail("waitpid");
      if (!WIFSTOPPED(status)) continue;
      const int event = status >> 16, signal = WSTOPSIG(status);
      const bool ours = event != 0 || signal == (SIGTRAP | 0x80) || signal == SIGSTOP;
      ::ptrace(PTRACE_CONT, pid, nullptr, ours ? 0 : signal);
    }
  }

 private:
  static pid_t start(char** command) {
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1) == -1) fail("prctl");
    const pid_t pid = ::fork();
    if (pid == -1) fail("fork");
    if (pid == 0) {
      if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == -1) fail("ptrace");
      ::raise(SIGSTOP);
      ::execv(command[0], command);
      fail(command[0]);
    }
    int status = 0;
    if (::waitpid(pid, &status, 0) == -1) fail("waitpid");
    constexpr long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                             PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC;
    if (::ptrace(PTRACE_SETOPTIONS, pid, nullptr, options) == -1) fail("ptrace");
    if (::ptrace(PTRACE_SYSCALL, pid, nullptr, 0) == -1) fail("ptrace");
    return pid;
  }

  bool is_the_moment(pid_t pid) {
    if (!counting_) counting_ = is_mark(call_of(pid));
    return counting_ && ++count_ == moment_;
  }

  [[nodiscard]] bool is_mark(const __ptrace_syscall_info& info) const {
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return false;
    const auto number = static_cast<long>(info.entry.nr);
    if (from_clone_) return number == SYS_clone || number == SYS_clone3;
    return number == SYS_umask && info.entry.args[0] == mark;
  }

  void end(pid_t stopped) const {
    if (::kill(supervisor_, SIGKILL) == -1) fail("kill");
    if (stopped != supervisor_) ::ptrace(PTRACE_CONT, stopped, nullptr, 0);
  }

  bool from_clone_;
  long moment_;
  pid_t supervisor_;
  std::set<pid_t> known_{supervisor_};
  bool counting_ = false;
  long count_ = 0;
};

// Names and kills those that are left.
void end_the_rest() {
  const std::string own = std::to_string(::getpid());
  std::ifstream children{"/proc/" + own + "/task/" + own + "/children"};
  for (pid_t pid; children >> pid;) {
    std::ifstream status{"/proc/" + std::to_string(pid) + "/status"};
    std::string line;
    for (int i = 0; i < 3 && std::getline(status, line); ++i)
      std::fprintf(stderr, "sandbox_killer: left: %d: %s\n", pid, line.c_str());
    ::kill(pid, SIGKILL);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  killer killer{std::string{argv[1]} == "clone", std::strtol(argv[2], nullptr, 10), argv + 3};
  const bool in_time = killer.trace();
  if (!killer::everybody_ends()) {
    end_the_rest();
    return 1;
  }
  std::puts(in_time ? "killed" : "over");
  return 0;
}
