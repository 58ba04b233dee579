#include "lib/fiber/blocking_threads.h"

#include <utility>

namespace emilua::fiber {

blocking_threads::~blocking_threads() {
  decltype(jobs_) dropped;
  {
    const std::scoped_lock lock{mutex_};
    stopping_ = true;
    dropped.swap(jobs_);
  }
  changed_.notify_all();
  threads_.join();
}

std::error_code blocking_threads::post(absl::AnyInvocable<void()> job) {
  {
    const std::scoped_lock lock{mutex_};
    jobs_.push_back(std::move(job));
    if (idle_ < jobs_.size() && started_ < max_threads) {
      const std::error_code error = threads_.start([this] { work(); });
      if (!error) {
        ++started_;
      } else if (started_ == 0) {
        jobs_.pop_back();
        return error;
      }
    }
  }
  changed_.notify_one();
  return {};
}

void blocking_threads::work() {
  std::unique_lock lock{mutex_};
  for (;;) {
    ++idle_;
    changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    --idle_;
    if (stopping_) return;
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    job = nullptr;  // what it holds goes with it
    lock.lock();
  }
}

}  // namespace emilua::fiber
