// Threads that are started while others run, and joined when all is over.
//
//   thread_list threads;
//   if (const auto error = threads.start([…] { … })) …      // any thread, also one of these
//   threads.join();                                         // until none is left, late ones
//   included
//
// What has ended is joined when the next one starts, so that a program which starts threads all its
// life keeps none of the old ones.
#pragma once

#include <absl/functional/any_invocable.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace emilua::fiber {

class thread_list {
 public:
  // The error of the system if it has no more threads. The function throws nothing.
  [[nodiscard]] std::error_code start(absl::AnyInvocable<void()> function);

  // Called by one thread, which is none of these.
  void join();

  // How many have not been joined.
  [[nodiscard]] std::size_t size() const;

 private:
  struct entry {
    std::thread thread;
    std::shared_ptr<std::atomic<bool>> ended;
  };

  mutable std::mutex mutex_;
  std::vector<entry> entries_;
};

}  // namespace emilua::fiber
