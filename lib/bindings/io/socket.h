// Sockets: messages with addresses and descriptors, accept and connect, without waiting on the
// caller's thread.
//
//   socket_object io{loop, socket_kind::datagram};
//   io.async_receive({.buffer = room, .max_descriptors = 4},
//                    [](std::error_code error, received_message message) { … });
//   io.async_send({.buffer = text, .to = &address}, [](std::error_code error, std::size_t n) { …
//   });
//
// Transfers leave the socket's blocking mode alone (MSG_DONTWAIT). accept(2) has no such flag: a
// listening socket is made non-blocking by the first async_accept and given back by release() as it
// was. connect(2) neither: the mode is changed for the duration of the call. No signal is ever
// raised (MSG_NOSIGNAL). Received descriptors are close-on-exec.
//
// Handlers are called through their associated executor, never from inside the initiating call; an
// operation that is cancelled has had no effect. Thread safety: one object is used from one strand.
// Source: unix(7), recvmsg(2), sendmsg(2), accept(2), connect(2).
#pragma once

#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

#include "lib/base/unique_fd.h"
#include "lib/bindings/io/pollable.h"
#include "lib/ipc/descriptors.h"

namespace emilua::bindings {

// How the end of input shows: a stream's or seqpacket's read of 0 bytes is misc:eof, a datagram may
// be empty.
enum class socket_kind { stream, datagram, seqpacket };

struct socket_address {
  sockaddr_storage storage;
  socklen_t size = 0;

  [[nodiscard]] const sockaddr* get() const noexcept {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
  [[nodiscard]] sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
};

struct receive_request {
  boost::asio::mutable_buffer buffer = {};
  int flags = 0;                    // MSG_PEEK
  std::size_t max_descriptors = 0;  // what comes beyond is closed
};

struct received_message {
  std::error_code error;
  std::size_t bytes = 0;
  socket_address from;
  ipc::descriptor_list fds;
};

struct send_request {
  boost::asio::const_buffer buffer = {};
  int flags = 0;
  std::optional<socket_address> to = {};
  std::span<const int> descriptors = {};  // their owner outlives the operation
};

struct send_outcome {
  std::error_code error;
  std::size_t bytes = 0;
};

struct accepted_connection {
  std::error_code error;
  base::unique_fd fd;
};

struct connect_outcome {
  std::error_code error;
};

// One attempt each; nothing when it would block.
[[nodiscard]] std::optional<received_message> try_receive(int fd, socket_kind kind,
                                                          const receive_request& request);
[[nodiscard]] std::optional<send_outcome> try_send(int fd, const send_request& request) noexcept;
// Connections that died in the queue are passed over unless `report_aborted`.
[[nodiscard]] std::optional<accepted_connection> try_accept(int fd, bool report_aborted) noexcept;
[[nodiscard]] std::optional<connect_outcome> try_connect(int fd,
                                                         const socket_address& address) noexcept;

class socket_object : public pollable_object {
 public:
  socket_object(boost::asio::io_context& loop, socket_kind kind)
      : pollable_object(loop), kind_(kind) {}

  void assign(base::unique_fd fd);
  [[nodiscard]] base::unique_fd release();

  // Pending operations see what has happened: readers the end, writers EPIPE.
  [[nodiscard]] std::error_code shutdown(int how);

  // handler(std::error_code, received_message). A stream asks nobody for an empty buffer.
  template <class Handler>
  void async_receive(const receive_request& request, Handler handler);

  // handler(std::error_code, std::size_t)
  template <class Handler>
  void async_send(const send_request& request, Handler handler);

  // handler(std::error_code, base::unique_fd). What would be reported is asked for each connection.
  template <class Handler>
  void async_accept(std::shared_ptr<const bool> report_aborted, Handler handler);

  // handler(std::error_code)
  template <class Handler>
  void async_connect(const socket_address& address, Handler handler);

 private:
  [[nodiscard]] std::error_code stop_blocking() noexcept;

  socket_kind kind_;
  bool was_blocking_ = false;  // before we changed it
};

template <class Handler>
void socket_object::async_receive(const receive_request& request, Handler handler) {
  if (is_open() && kind_ == socket_kind::stream && request.max_descriptors == 0 &&
      request.buffer.size() == 0)
    return post_completion(std::move(handler), std::error_code{}, received_message{});
  start(
      direction::read,
      [fd = shared(), kind = kind_, request] { return try_receive(fd->get(), kind, request); },
      mapped_handler{std::move(handler),
                     [](Handler& h, std::error_code error, received_message&& message) {
                       h(error ? error : message.error, std::move(message));
                     }});
}

template <class Handler>
void socket_object::async_send(const send_request& request, Handler handler) {
  start(
      direction::write, [fd = shared(), request] { return try_send(fd->get(), request); },
      mapped_handler{std::move(handler),
                     [](Handler& h, std::error_code error, const send_outcome& outcome) {
                       h(error ? error : outcome.error, outcome.bytes);
                     }});
}

template <class Handler>
void socket_object::async_accept(std::shared_ptr<const bool> report_aborted, Handler handler) {
  if (is_open()) {
    if (const std::error_code error = stop_blocking())
      return post_completion(std::move(handler), error, base::unique_fd{});
  }
  start(
      direction::read,
      [fd = shared(), report = std::move(report_aborted)] {
        return try_accept(fd->get(), *report);
      },
      mapped_handler{std::move(handler),
                     [](Handler& h, std::error_code error, accepted_connection&& connection) {
                       h(error ? error : connection.error, std::move(connection.fd));
                     }});
}

template <class Handler>
void socket_object::async_connect(const socket_address& address, Handler handler) {
  start(
      direction::write, [fd = shared(), address] { return try_connect(fd->get(), address); },
      mapped_handler{std::move(handler),
                     [](Handler& h, std::error_code error, const connect_outcome& outcome) {
                       h(error ? error : outcome.error);
                     }});
}

}  // namespace emilua::bindings
