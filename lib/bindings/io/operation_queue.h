// Operations that wait for one descriptor to become ready, served in the order in which they came.
//
//   auto queue = std::make_shared<operation_queue>(io, std::move(fd), operation_queue::wait_write);
//   queue->start([&] { return try_to_send(); },       // std::optional<R>: empty = would block
//                handler);                            // handler(std::error_code, R)
//
// An operation that is first in line is tried at once, then whenever the descriptor is ready. It
// leaves the queue when it is done, or cancelled through the handler's cancellation slot or by
// cancel(), whichever comes first: what is cancelled has had no effect and ends with
// operation_aborted and a value-initialised R, and what is done keeps its result. Nothing waits
// when the queue is empty. Where the descriptor is always ready for what nevertheless would block
// (a datagram for a peer whose queue is full), attempts are made ever more rarely, down to about
// 15 a second. Used from one strand: that of the handlers' associated executor.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "lib/base/unique_fd.h"
#include "lib/bindings/io/completion.h"

namespace emilua::bindings {

class operation_queue : public std::enable_shared_from_this<operation_queue> {
 public:
  using wait_type = boost::asio::posix::stream_descriptor::wait_type;
  static constexpr wait_type wait_read = boost::asio::posix::stream_descriptor::wait_read;
  static constexpr wait_type wait_write = boost::asio::posix::stream_descriptor::wait_write;

  // Puts the descriptor into non-blocking mode. Where that throws, it stays with the caller.
  operation_queue(boost::asio::io_context& io, base::unique_fd&& fd, wait_type what)
      : descriptor_(io, fd.get()), pause_(io), what_(what) {
    static_cast<void>(fd.release());
  }

  [[nodiscard]] int native() { return descriptor_.native_handle(); }
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }

  template <class Attempt, class Handler>
  void start(Attempt attempt, Handler handler) {
    if (empty()) {
      if (auto result = attempt())
        return post_completion(std::move(handler), std::error_code{}, std::move(*result));
    }
    enqueue(std::move(attempt), std::move(handler));
  }

  // For an operation that has been tried already.
  template <class Attempt, class Handler>
  void enqueue(Attempt attempt, Handler handler) {
    const std::uint64_t id = ++last_id_;
    auto slot = boost::asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) {
      slot.assign([weak = weak_from_this(), id](boost::asio::cancellation_type) {
        if (const auto self = weak.lock()) self->cancel(id);
      });
    }
    executor_ = boost::asio::get_associated_executor(handler);
    if (empty()) futile_ = 0;
    entries_.push_back(std::make_unique<typed_entry<Attempt, Handler>>(id, std::move(attempt),
                                                                       std::move(handler)));
    if (!waiting_) wait();
  }

  // Ends all operations.
  void cancel();

  // Tries at once those that wait.
  void retry();

 private:
  struct entry {
    explicit entry(std::uint64_t i) : id(i) {}
    virtual ~entry() = default;
    // True: it is done.
    [[nodiscard]] virtual bool attempt() = 0;
    virtual void fail(std::error_code error) = 0;

    std::uint64_t id;
  };

  template <class Attempt, class Handler>
  struct typed_entry final : entry {
    typed_entry(std::uint64_t i, Attempt a, Handler h)
        : entry(i), try_(std::move(a)), handler_(std::move(h)) {}

    [[nodiscard]] bool attempt() override {
      auto result = try_();
      if (!result) return false;
      post_completion(std::move(handler_), std::error_code{}, std::move(*result));
      return true;
    }
    void fail(std::error_code error) override {
      using result = typename decltype(try_())::value_type;
      post_completion(std::move(handler_), error, result{});
    }

    Attempt try_;
    Handler handler_;
  };

  void cancel(std::uint64_t id);
  void fail_all(std::error_code error);
  // Whether any was done.
  bool try_in_order();
  void wait();
  void wait_later();
  void stop_waiting();
  void on_ready(std::error_code error);

  boost::asio::posix::stream_descriptor descriptor_;
  boost::asio::steady_timer pause_;
  wait_type what_;
  boost::asio::any_io_executor executor_;
  std::list<std::unique_ptr<entry>> entries_;
  std::uint64_t last_id_ = 0;
  bool waiting_ = false;
  std::chrono::steady_clock::time_point wait_began_;
  unsigned futile_ = 0;  // how often in a row the descriptor was ready at once, and nothing done
};

}  // namespace emilua::bindings
