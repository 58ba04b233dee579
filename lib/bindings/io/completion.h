// Ends of asynchronous operations: calling handlers, and adapting them.
#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/post.hpp>
#include <utility>

namespace emilua::bindings {

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
