#include "tools/fdpass/message.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "lib/base/error.h"
#include "tools/command_line/start.h"

namespace emilua::fdpass {
namespace {

[[noreturn]] void fail(const char* call, const std::string& what) {
  throw tools::refusal{tools::failure, std::string{call} + ": message: " + what};
}

std::optional<ucred> credentials_in(msghdr& header) {
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item)) {
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_CREDENTIALS) continue;
    ucred sender;
    std::memcpy(&sender, CMSG_DATA(item), sizeof sender);
    return sender;
  }
  return std::nullopt;
}

enum class outcome { nothing_yet, message, end };

// Appends one message.
outcome receive_one(int socket, message& to, std::size_t limit, std::vector<char>& room) {
  iovec data{room.data(), room.size()};
  ipc::control_buffer control;
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  ipc::offer_room(header, control);
  const ssize_t n =
      base::retry([&] { return ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT); });
  if (n == -1) {
    if (errno == EAGAIN) return outcome::nothing_yet;
    fail("recv", base::last_error().message());
  }
  if (auto sender = credentials_in(header)) to.sender = sender;
  ipc::arrived_descriptors arrived;
  ipc::collect_descriptors(header, arrived);
  if ((header.msg_flags & MSG_CTRUNC) != 0)
    fail("recv", "descriptors were lost: " + base::system_error(EMFILE).message());
  // All of it together, where descriptors are still to come.
  if ((header.msg_flags & MSG_TRUNC) != 0 ||
      to.data.size() + static_cast<std::size_t>(n) > max_data)
    fail("recv", "longer than " + std::to_string(max_data) + " bytes");
  if (n == 0 && arrived.count() == 0) return outcome::end;
  arrived.move_to(to.fds, limit - to.fds.size());
  to.data.append(room.data(), static_cast<std::size_t>(n));
  return outcome::message;
}

}  // namespace

void send_message(int socket, const std::string& data, std::span<const int> fds,
                  const deadline& deadline) {
  std::size_t sent = 0;
  while (sent < data.size()) {
    deadline.wait(socket, POLLOUT, "send: message");
    iovec part{const_cast<char*>(data.data()) + sent, data.size() - sent};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    ipc::control_buffer control;
    // A stream may take the data in pieces: the descriptors go with the first.
    if (sent == 0) ipc::attach_descriptors(header, control, fds);
    const ssize_t n =
        base::retry([&] { return ::sendmsg(socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT); });
    if (n == -1 && errno != EAGAIN) fail("send", base::last_error().message());
    if (n > 0) sent += static_cast<std::size_t>(n);
  }
}

message receive_message(int socket, std::optional<std::size_t> count, const deadline& deadline) {
  message came;
  std::vector<char> room(max_data);
  const std::size_t limit = count.value_or(ipc::max_descriptors);
  for (;;) {
    deadline.wait(socket, POLLIN, "recv: message");
    switch (receive_one(socket, came, limit, room)) {
      case outcome::nothing_yet:
        continue;
      case outcome::message:
        if (!count || came.fds.size() == *count) return came;
        continue;
      case outcome::end:
        fail("recv", !count ? "the other side ended without one"
                            : "the other side ended after " + std::to_string(came.fds.size()) +
                                  " of " + std::to_string(*count) + " descriptors");
    }
  }
}

}  // namespace emilua::fdpass
