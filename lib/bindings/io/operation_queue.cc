#include "lib/bindings/io/operation_queue.h"

#include <algorithm>
#include <boost/asio/bind_executor.hpp>

namespace emilua::bindings {
namespace {

using namespace std::chrono_literals;

// A wait that lasted so long was one.
constexpr auto real_wait = 1ms;
// So often may readiness mislead before it is no longer believed: another process may have taken
// what was there.
constexpr unsigned patience = 3;

}  // namespace

void operation_queue::wait() {
  waiting_ = true;
  wait_began_ = std::chrono::steady_clock::now();
  descriptor_.async_wait(
      what_, boost::asio::bind_executor(
                 executor_, [self = shared_from_this()](const boost::system::error_code& error) {
                   self->waiting_ = false;
                   self->on_ready(error);
                 }));
}

void operation_queue::wait_later() {
  waiting_ = true;
  pause_.expires_after(1ms * (1U << std::min(futile_ - patience, 6U)));
  pause_.async_wait(boost::asio::bind_executor(
      executor_, [self = shared_from_this()](const boost::system::error_code& /*error*/) {
        self->waiting_ = false;
        if (!self->empty()) self->wait();
      }));
}

void operation_queue::stop_waiting() {
  descriptor_.cancel();
  pause_.cancel();
}

bool operation_queue::try_in_order() {
  bool progress = false;
  while (!entries_.empty() && entries_.front()->attempt()) {
    entries_.pop_front();
    progress = true;
  }
  return progress;
}

void operation_queue::on_ready(std::error_code error) {
  // A wait that was cancelled because nobody was left may find new operations.
  if (error && error != aborted()) return fail_all(error);
  const bool waited = std::chrono::steady_clock::now() - wait_began_ >= real_wait;
  if (try_in_order() || waited || error)
    futile_ = 0;
  else
    ++futile_;
  if (entries_.empty()) return;
  if (futile_ < patience)
    wait();
  else
    wait_later();
}

void operation_queue::cancel(std::uint64_t id) {
  const auto it = std::ranges::find(entries_, id, [](const auto& e) { return e->id; });
  if (it == entries_.end()) return;
  (*it)->fail(aborted());
  entries_.erase(it);
  if (entries_.empty()) stop_waiting();
}

void operation_queue::fail_all(std::error_code error) {
  for (const auto& e : std::exchange(entries_, {})) e->fail(error);
}

void operation_queue::cancel() {
  if (entries_.empty()) return;
  fail_all(aborted());
  stop_waiting();
}

void operation_queue::retry() {
  if (try_in_order() && entries_.empty()) stop_waiting();
}

}  // namespace emilua::bindings
