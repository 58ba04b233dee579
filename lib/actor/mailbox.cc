#include "lib/actor/mailbox.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "lib/bindings/io/completion.h"
#include "lib/lua/core_error.h"

namespace emilua::actor {

using lua::core_errc;

// Messages hold addresses, and addresses lock mailboxes, maybe this one: none is destroyed under
// the lock.

std::uint64_t mailbox::put(local_message message, completion done) {
  for (;;) {
    if (const auto fate = offer(message)) {
      done(*fate);
      return 0;
    }
    const std::scoped_lock lock{mutex_};
    if (closed_ || waiter_) continue;  // since a moment ago
    entries_.push_back({++last_id_, std::move(message), std::move(done)});
    return last_id_;
  }
}

std::optional<std::error_code> mailbox::offer(local_message& message) {
  std::unique_lock lock{mutex_};
  if (closed_) return core_errc::channel_closed;
  if (!waiter_) return std::nullopt;
  handed_over_ = std::move(message);
  auto woken = std::exchange(waiter_, std::nullopt);
  lock.unlock();
  tell(std::move(woken));
  return std::error_code{};
}

void mailbox::withdraw(std::uint64_t id) {
  std::list<entry> found;
  {
    const std::scoped_lock lock{mutex_};
    const auto it = std::ranges::find(entries_, id, &entry::id);
    if (it == entries_.end()) return;
    found.splice(found.end(), entries_, it);
  }
  found.front().done(bindings::aborted());
}

bool mailbox::is_closed() const {
  const std::scoped_lock lock{mutex_};
  return closed_;
}

void mailbox::add_channel(base::unique_fd reader) {
  std::unique_lock lock{mutex_};
  if (closed_) return;  // the other end sees it closed
  channels_.push_back(std::move(reader));
  auto woken = std::exchange(waiter_, std::nullopt);
  lock.unlock();
  tell(std::move(woken));
}

std::optional<local_message> mailbox::take() {
  std::list<entry> first;
  {
    const std::scoped_lock lock{mutex_};
    if (handed_over_) return std::exchange(handed_over_, std::nullopt);
    if (entries_.empty()) return std::nullopt;
    first.splice(first.end(), entries_, entries_.begin());
  }
  first.front().done({});
  return std::move(first.front().message);
}

std::vector<base::unique_fd> mailbox::take_channels() {
  const std::scoped_lock lock{mutex_};
  return std::exchange(channels_, {});
}

bool mailbox::has_senders() const {
  const std::scoped_lock lock{mutex_};
  return senders_ != 0 || !channels_.empty();
}

mailbox::outlook mailbox::wait(const fiber::strand& owner, bool others, callback news) {
  const std::scoped_lock lock{mutex_};
  if (handed_over_ || !entries_.empty() || !channels_.empty()) return outlook::news;
  if (senders_ == 0 && !others) return outlook::nothing;
  waiter_.emplace(waiter{bindings::keep_running(owner), owner, others, std::move(news)});
  return outlook::waiting;
}

std::optional<local_message> mailbox::stop_waiting() {
  std::unique_lock lock{mutex_};
  auto message = std::exchange(handed_over_, std::nullopt);
  const auto forgotten = std::exchange(waiter_, std::nullopt);
  lock.unlock();
  return message;
}

void mailbox::close() {
  std::unique_lock lock{mutex_};
  closed_ = true;
  const auto message = std::exchange(handed_over_, std::nullopt);
  auto entries = std::exchange(entries_, {});
  const auto channels = std::exchange(channels_, {});
  const auto forgotten = std::exchange(waiter_, std::nullopt);
  lock.unlock();
  for (entry& e : entries) e.done(core_errc::channel_closed);
}

void mailbox::add_sender() {
  const std::scoped_lock lock{mutex_};
  ++senders_;
}

void mailbox::remove_sender() {
  std::unique_lock lock{mutex_};
  if (--senders_ != 0 || !waiter_ || waiter_->others) return;
  auto woken = std::exchange(waiter_, std::nullopt);
  lock.unlock();
  tell(std::move(woken));
}

void mailbox::tell(std::optional<waiter> w) {
  if (!w) return;
  // As soon as the owner has been told, nothing but this may keep its event loop, which our copies
  // of its strand need: they go first.
  const auto work = w->work;
  const fiber::strand owner = w->owner;
  boost::asio::post(owner, [w = *std::move(w)]() mutable { w.news(); });
}

}  // namespace emilua::actor
