#include "lib/bindings/io/operation_queue.h"

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/error.hpp>

namespace emilua::bindings {
namespace {

std::error_code aborted() {
  return boost::asio::error::make_error_code(boost::asio::error::operation_aborted);
}

}  // namespace

void operation_queue::wait() {
  waiting_ = true;
  descriptor_.async_wait(
      what_, boost::asio::bind_executor(
                 executor_, [self = shared_from_this()](const boost::system::error_code& error) {
                   self->waiting_ = false;
                   self->on_ready(error);
                 }));
}

void operation_queue::on_ready(std::error_code error) {
  // A wait that was cancelled because nobody was left may find new operations.
  if (error && error != aborted()) return fail_all(error);
  while (!entries_.empty() && entries_.front()->attempt()) entries_.pop_front();
  if (!entries_.empty()) wait();
}

void operation_queue::cancel(std::uint64_t id) {
  const auto it = std::ranges::find(entries_, id, [](const auto& e) { return e->id; });
  if (it == entries_.end()) return;
  (*it)->fail(aborted());
  entries_.erase(it);
  if (entries_.empty()) descriptor_.cancel();
}

void operation_queue::fail_all(std::error_code error) {
  for (const auto& e : std::exchange(entries_, {})) e->fail(error);
}

void operation_queue::cancel() {
  if (entries_.empty()) return;
  fail_all(aborted());
  descriptor_.cancel();
}

}  // namespace emilua::bindings
