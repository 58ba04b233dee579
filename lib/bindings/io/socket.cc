#include "lib/bindings/io/socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/uio.h>

#include <cerrno>

#include "lib/base/error.h"

namespace emilua::bindings {
namespace {

// shutdown(2) was called on our end: nothing will come.
bool is_shut_for_reading(int fd) noexcept {
  pollfd p{.fd = fd, .events = POLLRDHUP, .revents = 0};
  return base::retry([&] { return ::poll(&p, 1, 0); }) > 0 && (p.revents & POLLRDHUP) != 0;
}

bool is_lost_connection(int error) noexcept { return error == ECONNABORTED || error == EPROTO; }

// Of sendmsg(2) a filter of system calls sees no address, and in a box has to permit it. So it is
// asked about the same address by a call that shows it, and sends nothing: there is no such socket.
base::result<> ask_filter_for(const socket_address& to) noexcept {
  if (::sendto(-1, nullptr, 0, 0, to.get(), to.size) == -1 && errno == EBADF) return {};
  return base::last_error();
}

}  // namespace

std::optional<received_message> try_receive(int fd, socket_kind kind,
                                            const receive_request& request) {
  std::optional<received_message> message{std::in_place};
  iovec data{request.buffer.data(), request.buffer.size()};
  msghdr header{};
  header.msg_name = message->from.get();
  header.msg_namelen = sizeof message->from.storage;
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  ipc::control_buffer control;
  // Without room for them the kernel closes descriptors itself.
  if (request.max_descriptors > 0) ipc::offer_room(header, control);
  const ssize_t n = base::retry(
      [&] { return ::recvmsg(fd, &header, request.flags | MSG_DONTWAIT | MSG_CMSG_CLOEXEC); });
  if (n == -1) {
    if (errno != EAGAIN) {
      message->error = base::last_error();
    } else if (kind == socket_kind::datagram && is_shut_for_reading(fd)) {
      message->error = eof();  // the kernel tells only those who block
    } else {
      return std::nullopt;
    }
    return message;
  }
  ipc::arrived_descriptors arrived;
  if (request.max_descriptors > 0) ipc::collect_descriptors(header, arrived);
  if (n == 0 && kind != socket_kind::datagram) {
    message->error = eof();
    return message;
  }
  message->bytes = static_cast<std::size_t>(n);
  message->from.size = header.msg_namelen;
  arrived.move_to(message->fds, request.max_descriptors);
  return message;
}

std::optional<send_outcome> try_send(int fd, const send_request& request) noexcept {
  if (request.descriptors.size() > ipc::max_descriptors)
    return send_outcome{.error = base::system_error(EINVAL)};
  if (request.to) {
    if (const auto asked = ask_filter_for(*request.to); !asked)
      return send_outcome{.error = asked.error()};
  }
  iovec data{const_cast<void*>(request.buffer.data()), request.buffer.size()};
  msghdr header{};
  if (request.to) {
    header.msg_name = const_cast<sockaddr*>(request.to->get());
    header.msg_namelen = request.to->size;
  }
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  ipc::control_buffer control;
  ipc::attach_descriptors(header, control, request.descriptors);
  const ssize_t n = base::retry(
      [&] { return ::sendmsg(fd, &header, request.flags | MSG_DONTWAIT | MSG_NOSIGNAL); });
  if (n >= 0) return send_outcome{.error = {}, .bytes = static_cast<std::size_t>(n)};
  if (errno == EAGAIN) return std::nullopt;
  return send_outcome{.error = base::last_error()};
}

std::optional<accepted_connection> try_accept(int fd, bool report_aborted) noexcept {
  for (;;) {
    base::unique_fd connection{
        base::retry([&] { return ::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC); })};
    if (connection) return accepted_connection{.error = {}, .fd = std::move(connection)};
    if (errno == EAGAIN) return std::nullopt;
    if (report_aborted || !is_lost_connection(errno))
      return accepted_connection{.error = base::last_error(), .fd = {}};
  }
}

std::optional<connect_outcome> try_connect(int fd, const socket_address& address) noexcept {
  const int mode = ::fcntl(fd, F_GETFL);
  if (mode == -1 || ::fcntl(fd, F_SETFL, mode | O_NONBLOCK) == -1)
    return connect_outcome{base::last_error()};
  connect_outcome outcome;
  if (base::retry([&] { return ::connect(fd, address.get(), address.size); }) == -1)
    outcome.error = base::last_error();
  if (::fcntl(fd, F_SETFL, mode) == -1 && !outcome.error) outcome.error = base::last_error();
  // The listener's queue is full.
  if (outcome.error == std::errc::resource_unavailable_try_again) return std::nullopt;
  return outcome;
}

void socket_object::assign(base::unique_fd fd) {
  was_blocking_ = false;
  pollable_object::assign(std::move(fd));
}

base::unique_fd socket_object::release() {
  base::unique_fd fd = pollable_object::release();
  if (was_blocking_) {
    const int mode = ::fcntl(fd.get(), F_GETFL);
    if (mode != -1) static_cast<void>(::fcntl(fd.get(), F_SETFL, mode & ~O_NONBLOCK));
  }
  return fd;
}

std::error_code socket_object::shutdown(int how) {
  if (::shutdown(native(), how) == -1) return base::last_error();
  retry();
  return {};
}

std::error_code socket_object::stop_blocking() noexcept {
  const int mode = ::fcntl(native(), F_GETFL);
  if (mode == -1) return base::last_error();
  if ((mode & O_NONBLOCK) != 0) return {};
  if (::fcntl(native(), F_SETFL, mode | O_NONBLOCK) == -1) return base::last_error();
  was_blocking_ = true;
  return {};
}

}  // namespace emilua::bindings
