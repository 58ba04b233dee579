#include "lib/fiber/context.h"

#include <boost/asio/posix/stream_descriptor.hpp>

namespace emilua::fiber {

namespace {
constexpr std::size_t blocking_threads = 2;
}

context::context(options opts) : options_(std::move(opts)) {
  // Whatever needs the reactor makes it.
  const boost::asio::posix::stream_descriptor needs_reactor{io_};
}

context::~context() {
  // A thread of the pool may still sit in a read(2) that never ends; its result has no taker.
  if (pool_) pool_->stop();
}

boost::asio::thread_pool& context::blocking_pool() {
  const std::scoped_lock lock{pool_mutex_};
  if (!pool_) pool_.emplace(blocking_threads);
  return *pool_;
}

}  // namespace emilua::fiber
