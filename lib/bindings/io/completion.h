// Ends of asynchronous operations: calling handlers, and adapting them.
#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <system_error>
#include <utility>

namespace emilua::bindings {

[[nodiscard]] inline std::error_code aborted() {
  return boost::asio::error::make_error_code(boost::asio::error::operation_aborted);
}

[[nodiscard]] inline std::error_code eof() {
  return boost::asio::error::make_error_code(boost::asio::error::eof);
}

// Calls the handler later, through its executor: an operation never completes inside its start, nor
// inside whatever made it complete.
template <class Handler, class... Results>
void post_completion(Handler handler, Results... results) {
  const auto executor = boost::asio::get_associated_executor(handler);
  boost::asio::post(executor,
                    [handler = std::move(handler), ... results = std::move(results)]() mutable {
                      handler(std::move(results)...);
                    });
}

// Work for the event loop of an executor, also of a strand's. A guard of the strand itself would
// end the work before it lets go of the strand, which needs the event loop for that.
template <class Executor>
[[nodiscard]] auto keep_running(const Executor& executor) {
  if constexpr (requires { executor.get_inner_executor(); })
    return boost::asio::make_work_guard(executor.get_inner_executor());
  else
    return boost::asio::make_work_guard(executor);
}

// A handler in the hands of another thread, whose event loop it keeps running until complete() has
// returned there: by then that loop may have run the handler, and have nothing else to do.
template <class Handler>
class foreign_handler {
 public:
  explicit foreign_handler(Handler handler)
      : work_(keep_running(boost::asio::get_associated_executor(handler))),
        handler_(std::move(handler)) {}

  // Once.
  template <class... Results>
  void complete(Results... results) {
    post_completion(std::move(handler_), std::move(results)...);
  }

 private:
  // Goes last, after all that refers to the loop.
  decltype(keep_running(boost::asio::get_associated_executor(std::declval<Handler&>()))) work_;
  Handler handler_;
};

// A handler that calls map(handler, results…), with the executor and the slot of `handler`.
template <class Handler, class Map>
struct mapped_handler {
  Handler handler;
  Map map;

  using executor_type = boost::asio::associated_executor_t<Handler>;
  [[nodiscard]] executor_type get_executor() const noexcept {
    return boost::asio::get_associated_executor(handler);
  }
  using cancellation_slot_type = boost::asio::associated_cancellation_slot_t<Handler>;
  [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept {
    return boost::asio::get_associated_cancellation_slot(handler);
  }
  template <class... Results>
  void operator()(Results&&... results) {
    map(handler, std::forward<Results>(results)...);
  }
};

template <class Handler, class Map>
mapped_handler(Handler, Map) -> mapped_handler<Handler, Map>;

}  // namespace emilua::bindings
