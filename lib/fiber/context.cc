#include "lib/fiber/context.h"

namespace emilua::fiber {

namespace {
constexpr std::size_t blocking_threads = 2;
}

context::context(options opts) : options_(std::move(opts)), main_pool_(options_.main_concurrency) {}

context::~context() {
  // A thread of the pool may still sit in a read(2) that never ends; its result has no taker.
  if (pool_) pool_->stop();
}

std::error_code context::launch(std::unique_ptr<pool> p) {
  const std::scoped_lock lock{launched_mutex_};
  std::erase_if(launched_, [](launched& l) {
    const bool ended = *l.ended;
    if (ended) l.thread.join();
    return ended;
  });
  auto ended = std::make_shared<std::atomic<bool>>(false);
  try {
    launched_.push_back({std::thread{[p = std::move(p), ended]() mutable {
                           p->run();
                           p.reset();
                           *ended = true;
                         }},
                         ended});
  } catch (const std::system_error& e) {
    return e.code();
  }
  return {};
}

void context::run() {
  main_pool_.run();
  for (;;) {
    std::thread thread;
    {
      const std::scoped_lock lock{launched_mutex_};
      if (launched_.empty()) return;
      thread = std::move(launched_.back().thread);
      launched_.pop_back();
    }
    thread.join();
  }
}

boost::asio::thread_pool& context::blocking_pool() {
  const std::scoped_lock lock{pool_mutex_};
  if (!pool_) pool_.emplace(blocking_threads);
  return *pool_;
}

}  // namespace emilua::fiber
