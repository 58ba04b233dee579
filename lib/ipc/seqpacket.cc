#include "lib/ipc/seqpacket.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

namespace emilua::ipc {
namespace {

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

  control_buffer control;
  attach_descriptors(message, control, descriptors);

  const ssize_t sent =
      base::retry([&] { return ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL); });
  if (sent == -1) return base::last_error();
  return {};
}

received_packet receive_packet(int socket, std::span<std::byte> room) {
  iovec data{room.data(), room.size()};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  control_buffer control;
  offer_room(message, control);

  received_packet packet;
  const ssize_t size =
      base::retry([&] { return ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC); });
  if (size == -1) {
    packet.status = errno == EAGAIN ? packet_status::would_block : packet_status::closed;
    return packet;
  }

  arrived_descriptors arrived;
  collect_descriptors(message, arrived);
  if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
    packet.status = packet_status::malformed;
    return packet;
  }
  if (size == 0) {
    const bool end = arrived.count() == 0 && hung_up(socket);
    packet.status = end ? packet_status::closed : packet_status::malformed;
    return packet;
  }

  arrived.move_to(packet.fds);
  packet.bytes = room.first(static_cast<std::size_t>(size));
  packet.status = packet_status::received;
  return packet;
}

}  // namespace emilua::ipc
