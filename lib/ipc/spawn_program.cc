#include "lib/ipc/spawn_program.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>

#include "lib/ipc/process.h"
#include "lib/ipc/program_child.h"

namespace emilua::ipc {
namespace {

// Blocks every signal in this thread, those of the C library too: no handler is to run in the
// child, which has a copy of them until it resets them.
class all_signals_blocked {
 public:
  all_signals_blocked() noexcept {
    const std::uint64_t all = ~std::uint64_t{0};
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before_, sizeof all);
  }
  all_signals_blocked(const all_signals_blocked&) = delete;
  ~all_signals_blocked() {
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before_, nullptr, sizeof before_);
  }

 private:
  std::uint64_t before_ = 0;
};

// exec does not write to what it is given.
char* text_for_exec(const std::string& text) { return const_cast<char*>(text.c_str()); }

struct exec_arrays {
  explicit exec_arrays(const program_request& request) {
    for (const std::string& text : request.arguments) arguments.push_back(text_for_exec(text));
    arguments.push_back(nullptr);
    for (const std::string& text : request.environment) environment.push_back(text_for_exec(text));
    variables.reserve(request.pid_variables.size());
    for (const std::string& name : request.pid_variables) {
      std::string& variable = variables.emplace_back(name + "=");
      const std::size_t size = variable.size();
      variable.append(pid_slot_size, '\0');
      environment.push_back(variable.data());
      pid_slots.push_back(variable.data() + size);
    }
    environment.push_back(nullptr);
    pid_slots.push_back(nullptr);
  }

  std::vector<char*> arguments, environment, pid_slots;
  std::vector<std::string> variables;
};

struct pipe_ends {
  base::unique_fd reader, writer;
};

// The writer lies above the numbers that are the program's.
base::result<pipe_ends> make_report_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) == -1) return base::last_error();
  const base::unique_fd low{ends[1]};
  pipe_ends out{base::unique_fd{ends[0]}, base::unique_fd{::fcntl(ends[1], F_DUPFD_CLOEXEC, 10)}};
  if (!out.writer) return base::last_error();
  return out;
}

}  // namespace

const char* step_name(program_step step) noexcept {
  switch (step) {
    case program_step::clone:
      return "clone";
    case program_step::scheduler:
      return "scheduler";
    case program_step::start_new_session:
      return "start_new_session";
    case program_step::process_group:
      return "process_group";
    case program_step::extra_groups:
      return "extra_groups";
    case program_step::gids:
      return "rgid/egid";
    case program_step::uids:
      return "ruid/euid";
    case program_step::pdeathsig:
      return "pdeathsig";
    case program_step::working_directory:
      return "working_directory";
    case program_step::set_ctty:
      return "set_ctty";
    case program_step::foreground:
      return "foreground";
    case program_step::setns_user:
      return "setns_user";
    case program_step::setns_mount:
      return "setns_mount";
    case program_step::setns_uts:
      return "setns_uts";
    case program_step::setns_ipc:
      return "setns_ipc";
    case program_step::setns_net:
      return "setns_net";
    case program_step::descriptors:
      return "descriptors";
    case program_step::program:
      return "program";
  }
  return "?";
}

boost::system::result<spawned_program, spawn_failure> spawn_program(
    const program_request& request) {
  const exec_arrays arrays{request};
  auto pipe = make_report_pipe();
  if (!pipe) return spawn_failure{pipe.error(), program_step::clone};
  const program_plan plan{
      .request = request,
      .arguments = arrays.arguments.data(),
      .environment = arrays.environment.data(),
      .pid_slots = arrays.pid_slots.data(),
      .report = pipe->writer.get(),
      .parent = ::getpid(),
  };
  base::unique_fd pidfd;
  base::result<pid_t> pid = 0;
  {
    const all_signals_blocked blocked;
    pid = clone_process(0, pidfd, SIGCHLD);
    if (pid && *pid == 0) become_program(plan);
  }
  if (!pid) return spawn_failure{pid.error(), program_step::clone};
  pipe->writer.reset();
  program_report report{program_step::clone, EIO};
  const ssize_t n = base::retry([&] { return ::read(pipe->reader.get(), &report, sizeof report); });
  if (n == 0) return spawned_program{*pid, std::move(pidfd)};  // exec has closed the pipe
  // What there is to wait for has said its last word, and nobody else is to know of it.
  static_cast<void>(reap(pidfd.get()));
  return spawn_failure{base::system_error(report.error), report.step};
}

}  // namespace emilua::ipc
