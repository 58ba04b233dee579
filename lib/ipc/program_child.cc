// Runs between clone and exec, as a copy of a process that may have had other threads: no malloc,
// no locks, no stdio, no exceptions. System calls are made bare, since the C library's versions of
// some tell threads that do not exist here, and those of sanitizers take locks.
#include "lib/ipc/program_child.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>

#include "lib/base/file.h"

namespace emilua::ipc {
namespace {

constexpr int numbers = 10;             // descriptors 0 to 9 may be the program's
constexpr std::size_t sigset_size = 8;  // the kernel's
constexpr long keep = -1;               // an id that stays as it is

class child {
 public:
  explicit child(const program_plan& plan) noexcept : plan_(plan), request_(plan.request) {}

  [[noreturn]] void run() noexcept {
    reset_dispositions();
    set_scheduler();
    set_session_and_group();
    set_credentials();
    if (request_.umask) ::syscall(SYS_umask, *request_.umask);
    set_pdeathsig();
    set_working_directory();
    set_terminal();
    join_namespaces();
    place_descriptors();
    write_pid();
    unblock_signals();
    execute();
  }

 private:
  [[noreturn]] void fail(program_step step) const noexcept {
    const program_report report{step, errno};
    // If nobody reads it, nobody waits for the program either.
    ::syscall(SYS_write, plan_.report, &report, sizeof report);
    for (;;) ::syscall(SYS_exit_group, 127);
  }

  long check(program_step step, long result) const noexcept {
    if (result == -1) fail(step);
    return result;
  }

  // Also what the process ignores, and the C library's own signals. SIGKILL and SIGSTOP refuse.
  static void reset_dispositions() noexcept {
    const std::uint64_t standard[4] = {};  // the kernel's struct sigaction: SIG_DFL, no flags
    for (int signal = 1; signal <= 64; ++signal)
      ::syscall(SYS_rt_sigaction, signal, standard, nullptr, sigset_size);
  }

  static void unblock_signals() noexcept {
    const std::uint64_t nothing = 0;
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &nothing, nullptr, sigset_size);
  }

  void set_scheduler() const noexcept {
    if (!request_.scheduler_policy && !request_.scheduler_priority) return;
    const int priority = request_.scheduler_priority.value_or(0);  // struct sched_param
    check(program_step::scheduler,
          request_.scheduler_policy
              ? ::syscall(SYS_sched_setscheduler, 0, *request_.scheduler_policy, &priority)
              : ::syscall(SYS_sched_setparam, 0, &priority));
  }

  void set_session_and_group() const noexcept {
    if (request_.start_new_session) check(program_step::start_new_session, ::syscall(SYS_setsid));
    if (request_.process_group)
      check(program_step::process_group, ::syscall(SYS_setpgid, 0, *request_.process_group));
  }

  void set_credentials() const noexcept {
    if (const auto& groups = request_.extra_groups)
      check(program_step::extra_groups, ::syscall(SYS_setgroups, groups->size(), groups->data()));
    const auto set = [this](program_step step, long call, std::optional<unsigned> real,
                            std::optional<unsigned> effective) {
      if (!real && !effective) return;
      const long r = real ? *real : keep, e = effective ? *effective : keep;
      check(step, ::syscall(call, r, e, e));
    };
    set(program_step::gids, SYS_setresgid, request_.rgid, request_.egid);
    set(program_step::uids, SYS_setresuid, request_.ruid, request_.euid);
  }

  void set_pdeathsig() const noexcept {
    if (!request_.pdeathsig) return;
    check(program_step::pdeathsig, ::syscall(SYS_prctl, PR_SET_PDEATHSIG, *request_.pdeathsig));
    // The parent may have gone before the signal was armed.
    if (::syscall(SYS_getppid) != plan_.parent)
      ::syscall(SYS_kill, ::syscall(SYS_getpid), *request_.pdeathsig);
  }

  void set_working_directory() const noexcept {
    if (request_.working_directory_path)
      check(program_step::working_directory,
            ::syscall(SYS_chdir, request_.working_directory_path->c_str()));
    else if (request_.working_directory != program_request::none)
      check(program_step::working_directory, ::syscall(SYS_fchdir, request_.working_directory));
  }

  void set_terminal() const noexcept {
    if (request_.set_ctty != program_request::none)
      check(program_step::set_ctty, ::syscall(SYS_ioctl, request_.set_ctty, TIOCSCTTY, 0));
    if (request_.foreground != program_request::none) {
      // SIGTTOU, which a process of the background gets here, is blocked as all are.
      const auto group = static_cast<pid_t>(::syscall(SYS_getpgid, 0));
      check(program_step::foreground, ::syscall(SYS_ioctl, request_.foreground, TIOCSPGRP, &group));
    }
  }

  void join_namespaces() const noexcept {
    constexpr long types[] = {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWNET};
    for (std::size_t i = 0; i < request_.namespaces.size(); ++i) {
      if (request_.namespaces[i] == program_request::none) continue;
      const auto step = static_cast<program_step>(static_cast<int>(program_step::setns_user) +
                                                  static_cast<int>(i));
      check(step, ::syscall(SYS_setns, request_.namespaces[i], types[i]));
    }
    // The kernel disarms the signal when a process gains capabilities, which it has in there.
    if (request_.namespaces[0] != program_request::none) set_pdeathsig();
  }

  // A copy above all numbers that are the program's, so that none is overwritten before it has been
  // copied to its place.
  int lift(int fd) const noexcept {
    return static_cast<int>(
        check(program_step::descriptors, ::syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, numbers)));
  }

  // One end of a pipe whose other end is closed.
  int dead_end(bool input) const noexcept {
    int ends[2];
    check(program_step::descriptors, ::syscall(SYS_pipe2, ends, O_CLOEXEC));
    const int end = lift(ends[input ? 0 : 1]);
    for (const int fd : ends) ::syscall(SYS_close, fd);
    return end;
  }

  void place_descriptors() noexcept {
    int lifted[numbers];
    for (int i = 0; i < numbers; ++i) {
      const int source = request_.descriptors[static_cast<std::size_t>(i)];
      if (source != program_request::none)
        lifted[i] = lift(source);
      else
        lifted[i] = i < 3 ? dead_end(i == 0) : program_request::none;
    }
    program_ =
        request_.program == program_request::none ? program_request::none : lift(request_.program);
    if (const auto marked = base::close_on_exec_from(3); !marked) {
      errno = marked.error().value();
      fail(program_step::descriptors);
    }
    for (int i = 0; i < numbers; ++i) {
      if (lifted[i] != program_request::none)
        check(program_step::descriptors, ::syscall(SYS_dup3, lifted[i], i, 0));
    }
  }

  void write_pid() const noexcept {
    for (char* const* slot = plan_.pid_slots; *slot != nullptr; ++slot) {
      char digits[pid_slot_size];
      char* first = digits + sizeof digits;
      *--first = '\0';
      for (long pid = ::syscall(SYS_getpid); pid != 0; pid /= 10)
        *--first = static_cast<char>('0' + pid % 10);
      for (char* to = *slot; (*to++ = *first++) != '\0';) {
      }
    }
  }

  [[noreturn]] void execute() const noexcept {
    if (program_ != program_request::none) {
      ::syscall(SYS_execveat, program_, "", plan_.arguments, plan_.environment, AT_EMPTY_PATH);
      fail(program_step::program);
    }
    errno = ENOENT;
    bool denied = false;
    for (const std::string& path : request_.paths) {
      ::syscall(SYS_execve, path.c_str(), plan_.arguments, plan_.environment);
      denied = denied || errno == EACCES;
      if (!may_be_elsewhere(errno)) fail(program_step::program);
    }
    if (denied) errno = EACCES;
    fail(program_step::program);
  }

  // Errors after which execvp(3) goes on with the next directory.
  static bool may_be_elsewhere(int error) noexcept {
    return error == EACCES || error == ENOENT || error == ENOTDIR || error == ESTALE ||
           error == ENODEV || error == ETIMEDOUT;
  }

  const program_plan& plan_;
  const program_request& request_;
  int program_ = program_request::none;
};

}  // namespace

void become_program(const program_plan& plan) noexcept { child{plan}.run(); }

}  // namespace emilua::ipc
