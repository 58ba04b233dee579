#include "lib/actor/spawn_helper.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "lib/actor/helper_process.h"
#include "lib/actor/helper_wire.h"
#include "lib/base/file.h"
#include "lib/ipc/sealed_memory.h"

namespace emilua::actor {
namespace {

base::result<> send(int socket, const wire_request& request, std::span<const int> descriptors) {
  const auto sent = ipc::send_packet(socket, bytes_of_object(request), descriptors);
  // What the kernel says of a dead socket is nothing to the caller.
  if (!sent &&
      (sent.error() == std::errc::broken_pipe || sent.error() == std::errc::connection_reset))
    return base::system_error(ECHILD);
  return sent;
}

}  // namespace

base::result<std::unique_ptr<spawn_helper>> spawn_helper::start(start_memory memory,
                                                                actor_main run) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
    return base::last_error();
  base::unique_fd ours{ends[0]}, theirs{ends[1]};
  // The helper is born with all signals blocked: none may end it before it says so itself.
  sigset_t all, before;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::fork();
  if (pid != 0) ::sigprocmask(SIG_SETMASK, &before, nullptr);
  if (pid == -1) return base::last_error();
  if (pid == 0) {
    ours.reset();
    helper_main(std::move(theirs), memory, run);
  }
  return std::unique_ptr<spawn_helper>{new spawn_helper{std::move(ours)}};
}

base::result<spawned_child> spawn_helper::spawn(const spawn_request& request) {
  wire_request wire{};
  wire.what = wire_request::child;
  wire.has_argument = request.init_argument != -1;
  wire.namespaces = request.namespaces;
  absl::InlinedVector<int, 8> descriptors{request.inbox, request.config};
  if (wire.has_argument) descriptors.push_back(request.init_argument);
  for (int i = 0; i < 3; ++i) {
    wire.stdio[i] = request.stdio[i].mode;
    if (wire.stdio[i] == stdio_mode::given) descriptors.push_back(request.stdio[i].fd);
  }
  const std::scoped_lock lock{mutex_};
  // Room for what comes back, or there would be a child that nobody watches over.
  auto spare = base::duplicate(socket_.get()), spare_too = base::duplicate(socket_.get());
  if (!spare || !spare_too) return base::system_error(EMFILE);
  if (const auto sent = send(socket_.get(), wire, descriptors); !sent) return sent.error();
  wire_reply reply;
  descriptor_list fds;
  spare->reset();
  spare_too->reset();
  if (!wait_for_packet(socket_.get(), reply, fds)) return base::system_error(ECHILD);
  if (reply.error != 0) return base::system_error(reply.error);
  if (fds.size() != 2) return base::system_error(EMFILE);
  return spawned_child{reply.pid, std::move(fds[0]), std::move(fds[1])};
}

base::result<> spawn_helper::follow(const ipc::credential_change& change) {
  wire_request wire{};
  wire.what = wire_request::credentials;
  wire.change = change.what;
  std::ranges::copy(change.values, wire.values);
  absl::InlinedVector<int, 8> descriptors;
  base::unique_fd groups;
  if (!change.groups.empty()) {
    auto list = ipc::seal(std::as_bytes(std::span{change.groups}));
    if (!list) return list.error();
    groups = std::move(*list);
    descriptors.push_back(groups.get());
  }
  const std::scoped_lock lock{mutex_};
  if (const auto sent = send(socket_.get(), wire, descriptors); !sent) return sent.error();
  wire_reply reply;
  descriptor_list fds;
  if (!wait_for_packet(socket_.get(), reply, fds)) return base::system_error(ECHILD);
  if (reply.error != 0) return base::system_error(reply.error);
  return {};
}

}  // namespace emilua::actor
