// Threads and the event loop that they run: where VMs execute.
//
//   pool threads{concurrency::multiple};
//   … create VMs …             // first: added threads that find nothing to do end at once
//   threads.add_threads(3);      // any thread; VMs may do so while they run
//   threads.run();               // until nothing is left to do, on this thread and the added ones
//
// A VM runs on one thread at a time and may change it at each turn; different VMs run in parallel.
// Thread safety: all but run() may be called from any thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <mutex>
#include <system_error>

#include "lib/fiber/thread_list.h"

namespace emilua::fiber {

enum class concurrency {
  single,    // one thread, ever
  multiple,  // as many as programs ask for
};

class pool {
 public:
  // More than this is a mistake of the program, not a wish.
  static constexpr std::size_t max_threads = 1024;

  // Throws std::system_error if the event loop's descriptors are not to be had: better now than at
  // the program's first operation.
  explicit pool(concurrency hint);
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;

  [[nodiscard]] boost::asio::io_context& io() noexcept { return io_; }

  // not_supported in a pool of a single thread; resource_unavailable_try_again for more than
  // max_threads, or when the system has no more.
  [[nodiscard]] std::error_code add_threads(std::size_t count);

  // Returns when the loop has run out of work and the added threads have ended. What a handler
  // throws ends the process with status 1, after a line on standard error.
  void run() noexcept;

 private:
  void run_loop() noexcept;

  const concurrency hint_;
  boost::asio::io_context io_;
  std::mutex adding_;
  thread_list added_;
};

}  // namespace emilua::fiber
