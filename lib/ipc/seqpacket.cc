#include "lib/ipc/seqpacket.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace emilua::ipc {
namespace {

// <linux/socket.h>'s, for C libraries that lack it.
constexpr int scm_pidfd = 4;

// What may stand beside the descriptors when somebody has switched it on for the socket:
// credentials, a pidfd, a security label. Without room for them the descriptors would be cut off.
constexpr std::size_t other_control = 1024;
constexpr std::size_t descriptor_control = CMSG_SPACE(max_descriptors * sizeof(int));

// Descriptors that have arrived: closed unless taken, whichever way the function is left.
struct arrived_descriptors {
  std::array<int, max_descriptors> fd;
  std::size_t count = 0;

  arrived_descriptors() noexcept {}  // the array stays uninitialised
  arrived_descriptors(const arrived_descriptors&) = delete;
  arrived_descriptors& operator=(const arrived_descriptors&) = delete;
  ~arrived_descriptors() {
    for (std::size_t i = 0; i != count; ++i) ::close(fd[i]);
  }

  void adopt(int descriptor) noexcept {
    if (count == fd.size())
      ::close(descriptor);  // no kernel sends so many
    else
      fd[count++] = descriptor;
  }
};

void collect(msghdr& message, arrived_descriptors& arrived) noexcept {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_len < CMSG_LEN(0)) continue;
    if (c->cmsg_type != SCM_RIGHTS && c->cmsg_type != scm_pidfd) continue;
    const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i != count; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
      if (c->cmsg_type == SCM_RIGHTS)
        arrived.adopt(fd);
      else if (fd >= 0)
        ::close(fd);  // the sender's pidfd: nobody here asks for one
    }
  }
}

// Whether nothing can follow in the queue of a socket that has just read 0 bytes.
bool hung_up(int socket) noexcept {
  pollfd p{socket, POLLRDHUP, 0};
  return base::retry([&] { return ::poll(&p, 1, 0); }) != 0;
}

}  // namespace

base::result<std::pair<base::unique_fd, base::unique_fd>> make_channel() noexcept {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
    return base::last_error();
  base::unique_fd reader{ends[0]};
  base::unique_fd writer{ends[1]};
  if (::shutdown(reader.get(), SHUT_WR) == -1 || ::shutdown(writer.get(), SHUT_RD) == -1)
    return base::last_error();
  return std::pair{std::move(reader), std::move(writer)};
}

base::result<> send_packet(int socket, base::byte_view packet,
                           std::span<const int> descriptors) noexcept {
  if (packet.empty() || descriptors.size() > max_descriptors) return base::system_error(EINVAL);

  iovec data{const_cast<std::byte*>(packet.data()), packet.size()};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;

  alignas(cmsghdr) std::array<unsigned char, descriptor_control> control;
  if (!descriptors.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(c), descriptors.data(), descriptors.size_bytes());
  }

  const ssize_t sent =
      base::retry([&] { return ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL); });
  if (sent == -1) return base::last_error();
  return {};
}

received_packet receive_packet(int socket, std::span<std::byte> room) {
  iovec data{room.data(), room.size()};
  alignas(cmsghdr) std::array<unsigned char, descriptor_control + other_control> control;
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();

  received_packet packet;
  const ssize_t size =
      base::retry([&] { return ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC); });
  if (size == -1) {
    packet.status = errno == EAGAIN ? packet_status::would_block : packet_status::closed;
    return packet;
  }

  arrived_descriptors arrived;
  collect(message, arrived);
  if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
    packet.status = packet_status::malformed;
    return packet;
  }
  if (size == 0) {
    const bool end = arrived.count == 0 && hung_up(socket);
    packet.status = end ? packet_status::closed : packet_status::malformed;
    return packet;
  }

  packet.fds.reserve(arrived.count);  // the one thing here that may throw
  while (packet.fds.size() != arrived.count) packet.fds.emplace_back(arrived.fd[packet.fds.size()]);
  arrived.count = 0;
  packet.bytes = room.first(static_cast<std::size_t>(size));
  packet.status = packet_status::received;
  return packet;
}

}  // namespace emilua::ipc
