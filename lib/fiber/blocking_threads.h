// A few threads for system calls that block whatever the kernel is told.
//
//   blocking_threads threads;
//   if (const auto error = threads.post([…] { … })) …     // any thread; runs soon, on one of them
//
// A thread is started when there is work and none is free, up to max_threads; what comes then waits
// for its turn. Jobs throw nothing. The destructor waits for those that have begun and drops the
// others. Thread safety: post() may be called from any thread.
//
// Why not io_uring: the kernel's threads that do its work take no signals and keep the credentials
// that the process gives up, which ipc/all_threads.h must not leave behind.
#pragma once

#include <absl/functional/any_invocable.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <system_error>

#include "lib/fiber/thread_list.h"

namespace emilua::fiber {

class blocking_threads {
 public:
  // Disks serve so many reads at once well, and they are no burden.
  static constexpr std::size_t max_threads = 16;

  blocking_threads() = default;
  blocking_threads(const blocking_threads&) = delete;
  blocking_threads& operator=(const blocking_threads&) = delete;
  ~blocking_threads();

  // The error of the system if it has no thread for the job, nor had one before.
  [[nodiscard]] std::error_code post(absl::AnyInvocable<void()> job);

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<absl::AnyInvocable<void()>> jobs_;
  std::size_t started_ = 0;
  std::size_t idle_ = 0;  // those that wait for jobs_
  bool stopping_ = false;
  thread_list threads_;
};

}  // namespace emilua::fiber
