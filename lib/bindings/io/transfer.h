// Reading and writing any descriptor without waiting on the caller's thread, and without changing
// the descriptor's blocking mode, which other processes may share.
//
//   transfer_object io{process, loop};
//   io.assign(std::move(fd));
//   io.async_read_some(buffer, [](std::error_code error, std::size_t n) { … });   // n > 0
//
// What can be polled (pipes, sockets, terminals) is awaited through a private epoll set. Regular
// files are read from and written to the page cache at once (RWF_NOWAIT) and otherwise on the
// process's blocking threads, where an operation cannot be cancelled and runs to its end.
//
// End of file is asio's misc:eof; an empty buffer completes at once with 0. Handlers are called
// through their associated executor, never from inside the initiating call. Thread safety: one
// object is used from one strand. Source: epoll(7), preadv2(2).
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <cstddef>
#include <optional>
#include <system_error>
#include <utility>

#include "lib/base/error.h"
#include "lib/base/unique_fd.h"
#include "lib/bindings/io/completion.h"
#include "lib/bindings/io/pollable.h"
#include "lib/fiber/context.h"

namespace emilua::bindings {

// The bytes to move; `data` is written to when reading.
struct io_request {
  direction which;
  void* data;
  std::size_t size;
};

struct io_outcome {
  std::error_code error;
  std::size_t bytes = 0;
  bool would_block = false;
};

// One attempt. With `wait`, blocks if it must.
[[nodiscard]] io_outcome attempt(int fd, const io_request& request, bool wait) noexcept;

// Whether readiness of the descriptor can be awaited.
[[nodiscard]] bool is_pollable(int fd) noexcept;

class transfer_object : public pollable_object {
 public:
  transfer_object(fiber::context& process, boost::asio::io_context& loop)
      : pollable_object(loop), process_(process) {}

  void assign(base::unique_fd fd);

  template <class Handler>
  void async_read_some(boost::asio::mutable_buffer buffer, Handler handler) {
    start({direction::read, buffer.data(), buffer.size()}, std::move(handler));
  }
  template <class Handler>
  void async_write_some(boost::asio::const_buffer buffer, Handler handler) {
    start({direction::write, const_cast<void*>(buffer.data()), buffer.size()}, std::move(handler));
  }

 private:
  template <class Handler>
  void start(const io_request& request, Handler handler);
  template <class Handler>
  void start_on_thread(const io_request& request, Handler handler);

  fiber::context& process_;
  bool pollable_ = false;
};

template <class Handler>
void transfer_object::start(const io_request& request, Handler handler) {
  if (request.size == 0 && is_open())
    return post_completion(std::move(handler), std::error_code{}, std::size_t{0});
  if (is_open() && !pollable_) {
    const io_outcome outcome = attempt(native(), request, /*wait=*/false);
    if (outcome.would_block) return start_on_thread(request, std::move(handler));
    return post_completion(std::move(handler), outcome.error, outcome.bytes);
  }
  auto once = [fd = shared(), request]() -> std::optional<io_outcome> {
    const io_outcome outcome = attempt(fd->get(), request, /*wait=*/false);
    if (outcome.would_block) return std::nullopt;
    return outcome;
  };
  pollable_object::start(request.which, std::move(once),
                         mapped_handler{std::move(handler), [](Handler& h, std::error_code error,
                                                               const io_outcome& outcome) {
                                          h(error ? error : outcome.error, outcome.bytes);
                                        }});
}

template <class Handler>
void transfer_object::start_on_thread(const io_request& request, Handler handler) {
  boost::asio::post(
      process_.blocking_pool(),
      [fd = shared(), request, handler = foreign_handler{std::move(handler)}]() mutable {
        const io_outcome outcome = attempt(fd->get(), request, /*wait=*/true);
        handler.complete(outcome.error, outcome.bytes);
      });
}

}  // namespace emilua::bindings
