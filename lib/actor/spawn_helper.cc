#include "lib/actor/spawn_helper.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "lib/actor/child_setup.h"
#include "lib/base/bytes.h"
#include "lib/base/file.h"
#include "lib/base/signals.h"
#include "lib/ipc/process.h"
#include "lib/ipc/seqpacket.h"

namespace emilua::actor {
namespace {

// The request's packet. Its descriptors follow in this order: inbox, config, the init argument if
// there is one, then those of the standard streams that have one.
struct wire_request {
  stdio_mode stdio[3];
  bool has_argument;
};

struct wire_reply {
  int error;  // errno, or 0: then the pidfd comes along
  pid_t pid;
};

template <class T>
base::byte_view bytes_of_object(const T& object) {
  return std::as_bytes(std::span{&object, 1});
}

// Waits for a packet. An empty result: the other side is gone, or talks nonsense.
template <class T>
bool wait_for_packet(int socket, T& out, absl::InlinedVector<base::unique_fd, 4>& fds) {
  for (;;) {
    std::byte room[sizeof(T) + 1];
    ipc::received_packet packet = ipc::receive_packet(socket, room);
    if (packet.status == ipc::packet_status::would_block) {
      pollfd p{.fd = socket, .events = POLLIN, .revents = 0};
      if (base::retry([&] { return ::poll(&p, 1, -1); }) == -1) return false;
      continue;
    }
    if (packet.status != ipc::packet_status::received || packet.bytes.size() != sizeof(T))
      return false;
    std::memcpy(&out, packet.bytes.data(), sizeof(T));
    fds = std::move(packet.fds);
    return true;
  }
}

// --- the helper's side ----------------------------------------------------

void erase_start_memory(const spawn_helper::start_memory& memory) {
  for (char** list : {memory.argv, memory.envp}) {
    if (list == nullptr) continue;
    for (; *list != nullptr; ++list) base::secure_erase(*list, std::strlen(*list));
  }
}

bool take_descriptors(const wire_request& request,
                      const absl::InlinedVector<base::unique_fd, 4>& fds, child_descriptors& out) {
  std::size_t next = 0;
  const auto take = [&] { return next < fds.size() ? fds[next++].get() : -1; };
  out.inbox = take();
  out.config = take();
  out.init_argument = request.has_argument ? take() : -1;
  if (out.config == -1 || (request.has_argument && out.init_argument == -1)) return false;
  for (int i = 0; i < 3; ++i) {
    out.stdio[i] = request.stdio[i] == stdio_mode::given ? take() : -1;
    if (request.stdio[i] == stdio_mode::given && out.stdio[i] == -1) return false;
  }
  return next == fds.size();
}

// False when the main process is gone.
bool serve_one(int socket, pid_t self, spawn_helper::actor_main run) {
  wire_request request;
  absl::InlinedVector<base::unique_fd, 4> fds;
  if (!wait_for_packet(socket, request, fds)) return false;
  wire_reply reply{.error = EBADMSG, .pid = -1};
  base::unique_fd pidfd;
  if (child_descriptors given; take_descriptors(request, fds, given)) {
    const auto pid = ipc::clone_process(0, pidfd, SIGCHLD);
    if (pid && *pid == 0) {
      ::close(socket);
      become_actor(given, request.stdio, self, run);
    }
    reply = pid ? wire_reply{.error = 0, .pid = *pid}
                : wire_reply{.error = pid.error().value(), .pid = -1};
  }
  const int descriptor = pidfd.get();
  return ipc::send_packet(socket, bytes_of_object(reply),
                          {&descriptor, reply.error == 0 ? std::size_t{1} : 0})
      .has_value();
}

[[noreturn]] void helper_main(base::unique_fd socket, const spawn_helper::start_memory& memory,
                              spawn_helper::actor_main run) {
  erase_start_memory(memory);
  // Descriptor 3 is ours; all above, whatever the program was started with, goes. A helper that
  // cannot see to that must not serve: spawn() then says ECHILD.
  if (socket.get() != 3) {
    if (::dup3(socket.get(), 3, O_CLOEXEC) == -1) ::_exit(1);
    socket.reset(3);
  }
  if (!base::close_from(4)) ::_exit(1);
  static_cast<void>(::prctl(PR_SET_NAME, "emilua-helper"));  // only for people who look
  // Once for all children, which inherit it.
  base::reset_signal_dispositions();
  struct sigaction no_zombies {};
  no_zombies.sa_handler = SIG_DFL;
  no_zombies.sa_flags = SA_NOCLDWAIT;
  if (::sigaction(SIGCHLD, &no_zombies, nullptr) == -1) ::_exit(1);
  const pid_t self = ::getpid();
  while (serve_one(socket.get(), self, run)) {
  }
  socket.reset();
  // With SA_NOCLDWAIT this returns when the last child is gone: they die with us.
  base::retry([] { return ::waitpid(-1, nullptr, 0); });
  ::_exit(0);
}

}  // namespace

// --- the main process's side ----------------------------------------------

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
  wire_request wire{.stdio = {}, .has_argument = request.init_argument != -1};
  absl::InlinedVector<int, 8> descriptors{request.inbox, request.config};
  if (wire.has_argument) descriptors.push_back(request.init_argument);
  for (int i = 0; i < 3; ++i) {
    wire.stdio[i] = request.stdio[i].mode;
    if (wire.stdio[i] == stdio_mode::given) descriptors.push_back(request.stdio[i].fd);
  }
  const std::scoped_lock lock{mutex_};
  // Room for the descriptor of the child, or there would be one that nobody watches over.
  auto spare = base::duplicate(socket_.get());
  if (!spare) return spare.error();
  if (const auto sent = ipc::send_packet(socket_.get(), bytes_of_object(wire), descriptors);
      !sent) {
    // What the kernel says of a dead socket is nothing to the caller.
    return sent.error() == std::errc::broken_pipe || sent.error() == std::errc::connection_reset
               ? base::system_error(ECHILD)
               : sent.error();
  }
  wire_reply reply;
  absl::InlinedVector<base::unique_fd, 4> fds;
  spare->reset();
  if (!wait_for_packet(socket_.get(), reply, fds)) return base::system_error(ECHILD);
  if (reply.error != 0) return base::system_error(reply.error);
  if (fds.size() != 1) return base::system_error(EMFILE);
  return spawned_child{reply.pid, std::move(fds[0])};
}

}  // namespace emilua::actor
