// A descriptor with a queue of operations for each direction, whose blocking mode, which other
// processes may share, is left alone: the base of transfer_object and socket_object.
//
//   io.start(direction::read,
//            [fd = io.shared()] { return try_to_read(fd->get()); },   // std::optional<R>
//            handler);                                                // handler(std::error_code,
//            R)
//
// What waits for readiness is a private epoll set with just our descriptor in it. Thread safety:
// one object is used from one strand. Source: epoll(7).
#pragma once

#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>

#include "lib/base/error.h"
#include "lib/base/unique_fd.h"
#include "lib/bindings/io/completion.h"
#include "lib/bindings/io/operation_queue.h"

namespace emilua::bindings {

enum class direction { read, write };

class pollable_object {
 public:
  explicit pollable_object(boost::asio::io_context& loop) : loop_(loop) {}
  pollable_object(pollable_object&&) = default;
  ~pollable_object() { cancel(); }

  void assign(base::unique_fd fd) { fd_ = std::make_shared<base::unique_fd>(std::move(fd)); }
  [[nodiscard]] bool is_open() const noexcept { return fd_ != nullptr; }
  [[nodiscard]] int native() const noexcept { return fd_ ? fd_->get() : -1; }

  // What an operation holds, so that the number is not reused under it.
  [[nodiscard]] const std::shared_ptr<base::unique_fd>& shared() const noexcept { return fd_; }

  // Pending operations end with operation_aborted, but for those that a thread is already doing.
  void cancel();
  void close();
  [[nodiscard]] base::unique_fd release();

  // Something has happened to the descriptor that its readiness does not tell: tries again.
  void retry();

  // Whether operations of a direction wait.
  [[nodiscard]] bool is_waiting(direction which) const noexcept {
    const auto& queue = queues_[static_cast<int>(which)];
    return queue != nullptr && !queue->empty();
  }

  // See operation_queue. EBADF when not open.
  template <class Attempt, class Handler>
  void start(direction which, Attempt attempt, Handler handler);

 private:
  // Makes the queue of a direction.
  [[nodiscard]] std::error_code prepare(direction which);

  boost::asio::io_context& loop_;
  std::shared_ptr<base::unique_fd> fd_;
  std::shared_ptr<operation_queue> queues_[2];
};

template <class Attempt, class Handler>
void pollable_object::start(direction which, Attempt attempt, Handler handler) {
  using result = typename std::invoke_result_t<Attempt&>::value_type;
  if (!is_open()) return post_completion(std::move(handler), base::system_error(EBADF), result{});
  if (!is_waiting(which)) {
    if (auto done = attempt())
      return post_completion(std::move(handler), std::error_code{}, std::move(*done));
    if (const std::error_code error = prepare(which))
      return post_completion(std::move(handler), error, result{});
  }
  queues_[static_cast<int>(which)]->enqueue(std::move(attempt), std::move(handler));
}

}  // namespace emilua::bindings
