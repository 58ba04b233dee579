// The loop under every operation on a descriptor: wait until it is ready, try, and again.
//
//   retry_when_ready(socket, socket->wait_write,
//                    [&] { return try_to_send(); },        // std::optional<R>: empty = would block
//                    handler);                             // handler(std::error_code, R)
//
// `descriptor` is a std::shared_ptr to something with Asio's async_wait. Waits first: whoever has
// not tried yet does so before, and completes with post_completion(). An error of the wait itself
// (operation_aborted) is passed on with a value-initialised R. The handler's executor and
// cancellation slot hold for every step.
#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <system_error>
#include <utility>

namespace emilua::bindings {

// Calls the handler later, through its executor: an operation never completes inside its start.
template <class Handler, class... Results>
void post_completion(Handler handler, Results... results) {
  const auto executor = boost::asio::get_associated_executor(handler);
  boost::asio::post(executor,
                    [handler = std::move(handler), ... results = std::move(results)]() mutable {
                      handler(std::move(results)...);
                    });
}

template <class Descriptor, class Attempt, class Handler>
class retry_loop {
 public:
  using wait_type = typename Descriptor::wait_type;

  retry_loop(std::shared_ptr<Descriptor> descriptor, wait_type what, Attempt attempt,
             Handler handler)
      : descriptor_(std::move(descriptor)),
        what_(what),
        attempt_(std::move(attempt)),
        handler_(std::move(handler)) {}

  using executor_type = boost::asio::associated_executor_t<Handler>;
  [[nodiscard]] executor_type get_executor() const noexcept {
    return boost::asio::get_associated_executor(handler_);
  }
  using cancellation_slot_type = boost::asio::associated_cancellation_slot_t<Handler>;
  [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept {
    return boost::asio::get_associated_cancellation_slot(handler_);
  }

  void wait() && {
    Descriptor& descriptor = *descriptor_;
    const wait_type what = what_;
    descriptor.async_wait(what, std::move(*this));
  }

  template <class Error>
  void operator()(Error error) {
    using outcome = typename decltype(attempt_())::value_type;
    if (error) return handler_(std::error_code{error}, outcome{});
    auto result = attempt_();
    if (!result) return std::move(*this).wait();
    handler_(std::error_code{}, std::move(*result));
  }

 private:
  std::shared_ptr<Descriptor> descriptor_;
  wait_type what_;
  Attempt attempt_;
  Handler handler_;
};

template <class Descriptor, class Attempt, class Handler>
void retry_when_ready(std::shared_ptr<Descriptor> descriptor, typename Descriptor::wait_type what,
                      Attempt attempt, Handler handler) {
  retry_loop<Descriptor, Attempt, Handler>{std::move(descriptor), what, std::move(attempt),
                                           std::move(handler)}
      .wait();
}

}  // namespace emilua::bindings
