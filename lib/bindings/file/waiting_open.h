// Opening a file by its path without waiting on the caller's thread for whoever else has to do with
// it: the reader that a FIFO has not got yet, or the holder of a lease who is to give it up.
//
//   auto fd = open_at_once(path, O_WRONLY | O_CLOEXEC);
//   if (!fd && fd.error() == std::errc::resource_unavailable_try_again)
//     std::make_shared<waiting_open>(loop, path, flags)->start(handler);   //
//     handler(std::error_code,
//                                                                          //         unique_fd)
//
// A FIFO is opened for reading at once; who reads from it waits for the first writer (attempt.h).
// For writing, the kernel tells nobody that a reader has come but him who blocks in open(2), whom
// in turn nothing but a signal can stop. So attempts are made ever more rarely, down to about 15 a
// second. Ends with operation_aborted when cancelled, through the handler's cancellation slot or by
// cancel(). Handlers are called through their associated executor, never from inside start(). Used
// from one strand: that executor. Source: fifo(7), open(2).
#pragma once

#include <absl/functional/any_invocable.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "lib/base/error.h"
#include "lib/base/unique_fd.h"
#include "lib/bindings/io/completion.h"

namespace emilua::bindings {

// New files get mode 0777 less the umask. The descriptor is in blocking mode. EAGAIN where open(2)
// would wait.
[[nodiscard]] base::result<base::unique_fd> open_at_once(const std::string& path, int flags);

class waiting_open : public std::enable_shared_from_this<waiting_open> {
 public:
  waiting_open(boost::asio::io_context& loop, std::string path, int flags)
      : path_(std::move(path)), flags_(flags), pause_(loop) {}

  // Once.
  template <class Handler>
  void start(Handler handler) {
    auto slot = boost::asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) {
      slot.assign([weak = weak_from_this()](boost::asio::cancellation_type) {
        if (const auto self = weak.lock()) self->cancel();
      });
    }
    executor_ = boost::asio::get_associated_executor(handler);
    complete_ = [h = std::move(handler)](std::error_code error, base::unique_fd fd) mutable {
      post_completion(std::move(h), error, std::move(fd));
    };
    wait();
  }

  void cancel();

 private:
  void wait();
  void try_again();
  void finish(std::error_code error, base::unique_fd fd);

  std::string path_;
  int flags_;
  boost::asio::steady_timer pause_;
  std::chrono::milliseconds next_pause_{1};
  boost::asio::any_io_executor executor_;
  absl::AnyInvocable<void(std::error_code, base::unique_fd)> complete_;  // empty once it is over
};

}  // namespace emilua::bindings
