// Ends an asynchronous operation.
#pragma once

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

}  // namespace emilua::bindings
