// Reading and writing any descriptor without waiting on the caller's thread, and without changing
// the descriptor's blocking mode, which other processes may share.
//
//   transfer_object io{process, loop};
//   io.assign(std::move(fd));
//   io.async_read_some(buffer, [](std::error_code error, std::size_t n) { … });   // n > 0
//
// What can be polled (pipes, sockets, terminals) is awaited through a private epoll set: see
// pollable.h. Regular files and the like are read from and written to the page cache at once, and
// otherwise on the process's blocking threads: see blocking_queue.h.
//
// End of file is asio's misc:eof; an empty buffer completes at once with 0. Handlers are called
// through their associated executor, never from inside the initiating call. Thread safety: one
// object is used from one strand.
#pragma once

#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "lib/base/unique_fd.h"
#include "lib/bindings/io/attempt.h"
#include "lib/bindings/io/blocking_queue.h"
#include "lib/bindings/io/completion.h"
#include "lib/bindings/io/pollable.h"
#include "lib/fiber/context.h"

namespace emilua::bindings {

class transfer_object : public pollable_object {
 public:
  transfer_object(fiber::context& process, boost::asio::io_context& loop)
      : pollable_object(loop), process_(process) {}
  transfer_object(transfer_object&&) = default;
  ~transfer_object();

  void assign(base::unique_fd fd);

  // Pending operations end with operation_aborted, but for those that a thread is already doing.
  void cancel();
  void close();
  [[nodiscard]] base::unique_fd release();

  template <class Handler>
  void async_read_some(boost::asio::mutable_buffer buffer, Handler handler) {
    start({direction::read, buffer.data(), buffer.size()}, std::move(handler));
  }
  template <class Handler>
  void async_write_some(boost::asio::const_buffer buffer, Handler handler) {
    start({direction::write, const_cast<void*>(buffer.data()), buffer.size()}, std::move(handler));
  }

  // At an offset in bytes, leaving the position alone. EINVAL for a negative one, ESPIPE where
  // there is none.
  template <class Handler>
  void async_read_some_at(off_t offset, boost::asio::mutable_buffer buffer, Handler handler) {
    start({direction::read, buffer.data(), buffer.size(), real_offset(offset)}, std::move(handler));
  }
  template <class Handler>
  void async_write_some_at(off_t offset, boost::asio::const_buffer buffer, Handler handler) {
    start({direction::write, const_cast<void*>(buffer.data()), buffer.size(), real_offset(offset)},
          std::move(handler));
  }

 private:
  // What is not to be taken for current_position.
  [[nodiscard]] static off_t real_offset(off_t offset) noexcept {
    return offset < 0 ? current_position - 1 : offset;
  }

  template <class Handler>
  void start(const io_request& request, Handler handler);

  void cancel_blocking();
  void forget_blocking();

  fiber::context& process_;
  std::shared_ptr<blocking_queue> blocking_[2];  // unless the descriptor can be polled
};

template <class Handler>
void transfer_object::start(const io_request& request, Handler handler) {
  if (request.size == 0 && is_open())
    return post_completion(std::move(handler), std::error_code{}, std::size_t{0});
  if (const auto& queue = blocking_[static_cast<int>(request.which)])
    return queue->start(shared(), request, std::move(handler));
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

}  // namespace emilua::bindings
