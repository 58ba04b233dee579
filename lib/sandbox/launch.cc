#include "lib/sandbox/launch.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "lib/base/bytes.h"
#include "lib/base/file.h"
#include "lib/base/signals.h"
#include "lib/ipc/first_process.h"
#include "lib/ipc/process.h"
#include "lib/sandbox/compiled_plan.h"
#include "lib/sandbox/execute.h"

namespace emilua::sandbox {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

// In the child: no malloc, no locks, no stdio, no exceptions from here on.
class child {
 public:
  child(const plan& plan, const program_launch& program, const compiled_plan& steps,
        char* const* arguments, char* const* environment, int host) noexcept
      : plan_(plan),
        program_(program),
        steps_(steps),
        arguments_(arguments),
        environment_(environment),
        host_(host) {}

  [[noreturn]] void run() noexcept {
    for (char** list : {program_.start_arguments, program_.start_environment})
      for (; list != nullptr && *list != nullptr; ++list)
        base::secure_erase(*list, std::strlen(*list));
    base::reset_signal_dispositions();
    ipc::ready_first_process();
    place_streams();
    const int file = place_program();
    if (const auto failed = execute(steps_)) fail(failed->index, failed->error);
    // For process 1 this was the end: here is the program's.
    if (!tell_host(host_, {box_message::kind::ready, 0, 0})) leave();
    if (plan_.exec_descriptor != -1)
      ::syscall(SYS_execveat, file, program_.empty_path, arguments_, environment_, AT_EMPTY_PATH);
    else
      ::syscall(SYS_execve, program_.path.c_str(), arguments_, environment_);
    fail(steps_.size(), errno);
  }

 private:
  [[noreturn]] static void leave() noexcept {
    for (;;) ::syscall(SYS_exit_group, 125);
  }

  [[noreturn]] void fail(std::size_t step, int error) const noexcept {
    static_cast<void>(
        tell_host(host_, {box_message::kind::failed, static_cast<std::uint32_t>(step), error}));
    leave();
  }

  int check(int result) const noexcept {
    if (result == -1) fail(steps_.size(), errno);
    return result;
  }

  void place_streams() noexcept {
    int lifted[3];
    for (int i = 0; i < 3; ++i) lifted[i] = check(::fcntl(program_.streams[i], F_DUPFD_CLOEXEC, 3));
    for (int i = 0; i < 3; ++i) check(::dup3(lifted[i], i, 0));
    if (!plan_.close_fds) return;
    if (const auto marked = base::close_on_exec_from(3); !marked)
      fail(steps_.size(), marked.error().value());
  }

  // To the number that the filter knows, which the limit of open files then puts out of reach.
  int place_program() const noexcept {
    if (plan_.exec_descriptor == -1) return program_.program;
    rlimit limit{};
    check(::getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = limit.rlim_max;
    check(::setrlimit(RLIMIT_NOFILE, &limit));
    return check(::dup3(program_.program, plan_.exec_descriptor, O_CLOEXEC));
  }

  const plan& plan_;
  const program_launch& program_;
  compiled_plan steps_;
  char* const* arguments_;
  char* const* environment_;
  int host_;
};

struct channel {
  base::unique_fd host, child;
};

base::result<channel> make_channel() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
    return base::last_error();
  return channel{base::unique_fd{ends[0]}, base::unique_fd{ends[1]}};
}

// What the child said: nothing (ECONNRESET) if it is gone.
base::result<box_message> hear(int host) {
  box_message message{};
  const ssize_t n = base::retry([&] { return ::recv(host, &message, sizeof message, 0); });
  if (n == -1) return base::last_error();
  if (n != sizeof message) return base::system_error(ECONNRESET);
  return message;
}

}  // namespace

boost::system::result<boxed_program, launch_failure> launch(const plan& plan,
                                                            const program_launch& program) {
  using stage = launch_failure::stage;
  std::string compiled = compile(plan);
  const std::vector<char*> arguments = pointers(program.arguments),
                           environment = pointers(program.environment);
  auto channel = make_channel();
  if (!channel) return launch_failure{stage::host, 0, channel.error(), "socketpair"};
  base::unique_fd pidfd;
  const auto pid = ipc::clone_process(plan.namespaces, pidfd, SIGCHLD);
  if (!pid) return launch_failure{stage::clone, 0, pid.error(), "clone"};
  if (*pid == 0) {
    channel->host.reset();
    child{plan,
          program,
          compiled_plan{compiled},
          arguments.data(),
          environment.data(),
          channel->child.get()}
        .run();
  }
  channel->child.reset();
  const auto failed = [&](stage where, std::size_t index, std::error_code code, std::string what) {
    static_cast<void>(ipc::send_signal(pidfd.get(), SIGKILL));
    static_cast<void>(ipc::reap(pidfd.get()));
    return launch_failure{where, index, code, std::move(what)};
  };
  for (bool ready = false;;) {
    const auto message = hear(channel->host.get());
    if (!message) {
      // The program has closed the other end.
      if (ready) return boxed_program{*pid, std::move(pidfd)};
      return failed(stage::host, 0, message.error(), "the box's process");
    }
    switch (message->what) {
      case box_message::kind::ready:
        ready = true;
        break;
      case box_message::kind::failed:
        return failed(message->step < plan.steps.size() ? stage::step : stage::program,
                      message->step, base::system_error(message->error), "");
    }
  }
}

}  // namespace emilua::sandbox
