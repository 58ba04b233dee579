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
  return launched_.start([p = std::move(p)] { p->run(); });
}

void context::run() {
  main_pool_.run();
  launched_.join();
}

boost::asio::thread_pool& context::blocking_pool() {
  const std::scoped_lock lock{pool_mutex_};
  if (!pool_) pool_.emplace(blocking_threads);
  return *pool_;
}

}  // namespace emilua::fiber
