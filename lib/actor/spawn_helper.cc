#include "lib/actor/spawn_helper.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "lib/actor/helper_process.h"
#include "lib/actor/helper_wire.h"
#include "lib/base/file.h"
#include "lib/ipc/sealed_memory.h"
#include "lib/sandbox/compiled_plan.h"

namespace emilua::actor {
namespace {

sandbox::launch_failure host_failure(std::error_code error, const char* part) {
  return {sandbox::launch_failure::stage::host, 0, error, part};
}

}  // namespace

boost::system::result<std::unique_ptr<spawn_helper>, failed_call> spawn_helper::start(
    start_memory memory, actor_life& life) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
    return failed_call{base::last_error(), "socketpair"};
  base::unique_fd ours{ends[0]}, theirs{ends[1]};
  // The helper is born with all signals blocked: none may end it before it says so itself.
  sigset_t all, before;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, &before);
  const pid_t main = ::getpid();
  const pid_t pid = ::fork();
  if (pid != 0) ::sigprocmask(SIG_SETMASK, &before, nullptr);
  if (pid == -1) return failed_call{base::last_error(), "fork"};
  if (pid == 0) {
    ours.reset();
    helper_main(std::move(theirs), memory, life, main);
  }
  return std::unique_ptr<spawn_helper>{new spawn_helper{std::move(ours)}};
}

std::unique_ptr<spawn_helper> spawn_helper::connect(base::unique_fd helper) {
  return std::unique_ptr<spawn_helper>{new spawn_helper{std::move(helper)}};
}

base::result<wire_reply> spawn_helper::exchange(const wire_request& request,
                                                std::span<const int> descriptors,
                                                std::span<base::unique_fd> answer) {
  const std::scoped_lock lock{mutex_};
  if (!socket_) return base::system_error(ECHILD);
  // Room for what comes back, or there would be a child that nobody watches over.
  for (base::unique_fd& room : answer) {
    auto spare = base::duplicate(socket_.get());
    if (!spare) return spare.error();
    room = std::move(*spare);
  }
  if (const auto sent = ipc::send_packet(socket_.get(), bytes_of_object(request), descriptors);
      !sent) {
    // What the kernel says of a dead socket is nothing to the caller.
    return sent.error() == std::errc::broken_pipe || sent.error() == std::errc::connection_reset
               ? base::system_error(ECHILD)
               : sent.error();
  }
  for (base::unique_fd& room : answer) room.reset();
  wire_reply reply;
  descriptor_list fds;
  if (!wait_for_packet(socket_.get(), reply, fds)) return base::system_error(ECHILD);
  if (reply.error != 0) return reply;
  if (fds.size() != answer.size()) return base::system_error(EMFILE);
  std::ranges::move(fds, answer.begin());
  return reply;
}

boost::system::result<spawned_child, sandbox::launch_failure> spawn_helper::make_process(
    wire_request& request, descriptor_numbers descriptors, const sandbox::cgroup_policy* cgroup) {
  using failure = sandbox::launch_failure;
  base::unique_fd limits;
  if (cgroup != nullptr) {
    if (boxed_)
      return failure{failure::stage::cgroup, 0, base::system_error(EPERM),
                     "the program is in a box itself"};
    auto sealed = seal_limits(*cgroup);
    if (!sealed) return host_failure(sealed.error(), "memfd_create");
    limits = std::move(*sealed);
    request.own_cgroup = true;
    descriptors.push_back(limits.get());
  }
  base::unique_fd answer[2];
  const auto reply = exchange(request, descriptors, answer);
  if (!reply) {
    if (reply.error() == std::errc::no_child_process)
      return host_failure(reply.error(), "the helper");
    return failure{failure::stage::clone, 0, reply.error(), "clone"};
  }
  const std::error_code error = base::system_error(reply->error);
  if (reply->cgroup[0] != '\0') return failure{failure::stage::cgroup, 0, error, reply->cgroup};
  if (error) return failure{failure::stage::clone, 0, error, "clone"};
  return spawned_child{reply->pid, std::move(answer[0]), std::move(answer[1])};
}

boost::system::result<spawned_child, sandbox::launch_failure> spawn_helper::spawn(
    const spawn_request& request) {
  wire_request wire{};
  wire.what = wire_request::child;
  wire.has_config = request.config != -1;
  wire.has_argument = request.init_argument != -1;
  wire.with_helper = request.with_helper;
  wire.namespaces = request.namespaces;
  wire.wall_time = request.wall_time;
  descriptor_numbers descriptors{request.inbox};
  if (wire.has_config) descriptors.push_back(request.config);
  if (wire.has_argument) descriptors.push_back(request.init_argument);
  for (int i = 0; i < 3; ++i) {
    wire.stdio[i] = request.stdio[i].mode;
    if (wire.stdio[i] == stdio_mode::given) descriptors.push_back(request.stdio[i].fd);
  }
  wire.sources = static_cast<std::uint16_t>(request.sources.size());
  descriptors.insert(descriptors.end(), request.sources.begin(), request.sources.end());
  return make_process(wire, std::move(descriptors), request.cgroup);
}

boost::system::result<sandbox::launcher::child, sandbox::launch_failure> spawn_helper::launch_boxed(
    const sandbox::plan& plan, const sandbox::program_launch& program) {
  const auto config =
      seal_program({.path = program.path,
                    .arguments = program.arguments,
                    .environment = program.environment,
                    .box = sandbox::compile(plan),
                    .exec_descriptor = plan.exec_descriptor,
                    .empty_path = reinterpret_cast<std::uintptr_t>(program.empty_path)});
  if (!config) return host_failure(config.error(), "memfd_create");
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
    return host_failure(base::last_error(), "socketpair");
  const base::unique_fd host{ends[0]};
  base::unique_fd theirs{ends[1]};

  wire_request wire{};
  wire.what = wire_request::program;
  wire.namespaces = plan.cloned;
  wire.wall_time = plan.wall_time.value_or(0);
  wire.survives = !plan.dies_with_host;
  descriptor_numbers descriptors{config->get(), theirs.get(), program.program};
  for (std::size_t i = 0; i < program.descriptors.size(); ++i) {
    if (program.descriptors[i] == sandbox::no_descriptor) continue;
    wire.numbers |= static_cast<std::uint16_t>(1u << i);
    descriptors.push_back(program.descriptors[i]);
  }
  wire.sources = static_cast<std::uint16_t>(plan.sources.size());
  descriptors.insert(descriptors.end(), plan.sources.begin(), plan.sources.end());
  auto made = make_process(wire, std::move(descriptors), plan.cgroup ? &*plan.cgroup : nullptr);
  if (!made) return std::move(made.error());
  theirs.reset();
  auto started = sandbox::map_ids(plan, made->pidfd.get(), host.get());
  if (started) started = sandbox::hear_of_start(host.get(), plan.steps.size());
  // If it has not started, closing the line is the end of it.
  if (!started) return std::move(started.error());
  return child{made->pid, std::move(made->pidfd), std::move(made->line)};
}

std::optional<sandbox::step_failure> spawn_helper::restrict(const sandbox::plan& plan) {
  boxed_ = true;
  std::optional<sandbox::step_failure> failed;
  if (plan.promises.contains(sandbox::promise::proc)) {
    failed = restrict_helper(plan);
    if (!failed) return std::nullopt;
  }
  const std::scoped_lock lock{mutex_};
  socket_.reset();
  return failed;
}

std::optional<sandbox::step_failure> spawn_helper::restrict_helper(const sandbox::plan& plan) {
  const auto failed = [](int error, pid_t step = 0) {
    return sandbox::step_failure{static_cast<std::uint32_t>(step), error};
  };
  const std::string steps = sandbox::compile(plan);
  const auto memory = ipc::seal(base::bytes_of(steps));
  if (!memory) return failed(memory.error().value());
  wire_request wire{};
  wire.what = wire_request::box;
  const int descriptors[] = {memory->get()};
  const auto reply = exchange(wire, descriptors, {});
  if (!reply) return failed(reply.error().value());
  if (reply->error != 0) return failed(reply->error, reply->pid);
  return std::nullopt;
}

base::result<> spawn_helper::follow(const ipc::credential_change& change) {
  {
    const std::scoped_lock lock{mutex_};
    if (!socket_) return {};  // none that could keep anything
  }
  wire_request wire{};
  wire.what = wire_request::credentials;
  wire.change = change.what;
  std::ranges::copy(change.values, wire.values);
  absl::InlinedVector<int, 1> descriptors;
  if (change.directory != -1) descriptors.push_back(change.directory);
  base::unique_fd groups;
  if (!change.groups.empty()) {
    auto list = ipc::seal(std::as_bytes(std::span{change.groups}));
    if (!list) return list.error();
    groups = std::move(*list);
    descriptors.push_back(groups.get());
  }
  const auto reply = exchange(wire, descriptors, {});
  if (!reply) return reply.error();
  if (reply->error != 0) return base::system_error(reply->error);
  return {};
}

}  // namespace emilua::actor
