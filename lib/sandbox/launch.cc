#include "lib/sandbox/launch.h"

#include <sys/socket.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "lib/base/bytes.h"
#include "lib/base/exec_list.h"
#include "lib/ipc/process.h"
#include "lib/sandbox/compiled_plan.h"
#include "lib/sandbox/execute.h"
#include "lib/sandbox/id_map.h"

namespace emilua::sandbox {
namespace {

void erase(char** list) noexcept {
  for (; list != nullptr && *list != nullptr; ++list) base::secure_erase(*list, std::strlen(*list));
}

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
  const std::vector<char*> arguments = base::exec_list(program.arguments),
                           environment = base::exec_list(program.environment);
  auto channel = make_channel();
  if (!channel) return launch_failure{stage::host, 0, channel.error(), "socketpair"};
  std::optional<cgroup_leaf> cgroup;
  if (plan.cgroup) {
    auto made = cgroup_leaf::make({.limits = *plan.cgroup, .survives = !plan.dies_with_host});
    if (!made) return launch_failure{stage::cgroup, 0, made.error().code, made.error().what};
    cgroup.emplace(std::move(*made));
  }
  base::unique_fd pidfd;
  const auto pid = ipc::clone_process(plan.cloned, pidfd, SIGCHLD);
  if (!pid) return launch_failure{stage::clone, 0, pid.error(), "clone"};
  if (*pid == 0) {
    channel->host.reset();  // or the child would never learn that the host is gone
    erase(program.start_arguments);
    erase(program.start_environment);
    become_boxed_program({.steps = compiled_plan{compiled},
                          .program = program.program,
                          .exec_descriptor = plan.exec_descriptor,
                          .empty_path = program.empty_path,
                          .path = program.path.c_str(),
                          .arguments = arguments.data(),
                          .environment = environment.data(),
                          .descriptors = program.descriptors,
                          .close_fds = plan.close_fds,
                          .host = channel->child.get(),
                          .sources = plan.sources,
                          .cgroup = cgroup ? cgroup->joining() : no_descriptor,
                          .news = program.news});
  }
  channel->child.reset();
  auto started = map_ids(plan, pidfd.get(), channel->host.get());
  if (started) started = hear_of_start(channel->host.get(), plan.steps.size());
  if (!started) {
    static_cast<void>(ipc::send_signal(pidfd.get(), SIGKILL));
    static_cast<void>(ipc::reap(pidfd.get()));
    return std::move(started.error());
  }
  return boxed_program{*pid, std::move(pidfd), std::move(cgroup)};
}

boost::system::result<void, launch_failure> map_ids(const plan& plan, int pidfd, int host) {
  if (!plan.ids) return {};
  const auto failed = [](std::error_code code, std::string what) {
    return launch_failure{launch_failure::stage::maps, 0, code, std::move(what)};
  };
  const auto process = open_process_directory(pidfd);
  if (!process) return failed(process.error(), "/proc: " + process.error().message());
  auto written = write_id_maps(process->get(), *plan.ids);
  if (!written) return failed(written.error().code, std::move(written.error().what));
  // A child that is gone is heard of by whoever listens for its start.
  static_cast<void>(tell(host, {box_message::kind::mapped, 0, 0}));
  return {};
}

boost::system::result<void, launch_failure> hear_of_start(int host, std::size_t steps) {
  using stage = launch_failure::stage;
  for (bool ready = false;;) {
    const auto message = hear(host);
    if (!message) {
      // The program has closed the other end.
      if (ready) return {};
      return launch_failure{stage::host, 0, message.error(), "the box's process"};
    }
    switch (message->what) {
      case box_message::kind::ready:
        ready = true;
        break;
      case box_message::kind::mapped:
        break;  // ours
      case box_message::kind::failed:
        if (message->step == no_step)
          return launch_failure{stage::host, 0, base::system_error(message->error),
                                "the box's process"};
        return launch_failure{message->step < steps ? stage::step : stage::program, message->step,
                              base::system_error(message->error), ""};
    }
  }
}

}  // namespace emilua::sandbox
