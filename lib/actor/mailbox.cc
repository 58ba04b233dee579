#include "lib/actor/mailbox.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "lib/bindings/io/completion.h"
#include "lib/lua/core_error.h"

namespace emilua::actor {

// Messages hold addresses, and addresses lock mailboxes, maybe this one: none is destroyed under
// the lock.

std::uint64_t mailbox::put(local_message message, completion done) {
  std::unique_lock lock{mutex_};
  if (closed_) {
    lock.unlock();
    done(lua::core_errc::channel_closed);
    return 0;
  }
  const std::uint64_t id = ++last_id_;
  entries_.push_back({id, std::move(message), std::move(done)});
  auto woken = std::move(waiter_);
  lock.unlock();
  tell(std::move(woken));
  return id;
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
  std::unique_ptr<waiter> woken;
  {
    const std::scoped_lock lock{mutex_};
    if (closed_) return;  // the other end sees it closed
    channels_.push_back(std::move(reader));
    woken = std::move(waiter_);
  }
  tell(std::move(woken));
}

std::optional<local_message> mailbox::take() {
  std::list<entry> first;
  {
    const std::scoped_lock lock{mutex_};
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

bool mailbox::has_news(bool others) const {
  return !entries_.empty() || !channels_.empty() || (senders_ == 0 && !others);
}

bool mailbox::wait(const fiber::strand& owner, bool others, callback news) {
  const std::scoped_lock lock{mutex_};
  if (has_news(others)) return false;
  waiter_ = std::make_unique<waiter>(
      waiter{bindings::keep_running(owner), owner, others, std::move(news)});
  return true;
}

void mailbox::stop_waiting() {
  std::unique_ptr<waiter> forgotten;
  const std::scoped_lock lock{mutex_};
  forgotten = std::move(waiter_);
}

void mailbox::close() {
  std::list<entry> entries;
  std::vector<base::unique_fd> channels;
  std::unique_ptr<waiter> forgotten;
  {
    const std::scoped_lock lock{mutex_};
    closed_ = true;
    entries.swap(entries_);
    channels.swap(channels_);
    forgotten = std::move(waiter_);
  }
  for (entry& e : entries) e.done(lua::core_errc::channel_closed);
}

void mailbox::add_sender() {
  const std::scoped_lock lock{mutex_};
  ++senders_;
}

void mailbox::remove_sender() {
  std::unique_ptr<waiter> woken;
  {
    const std::scoped_lock lock{mutex_};
    if (--senders_ == 0 && waiter_ && !waiter_->others) woken = std::move(waiter_);
  }
  tell(std::move(woken));
}

void mailbox::tell(std::unique_ptr<waiter> w) {
  if (!w) return;
  // As soon as the owner has been told, nothing but this may keep its event loop, which our copies
  // of its strand need: they go first.
  const auto work = w->work;
  const fiber::strand owner = w->owner;
  boost::asio::post(owner, [w = std::move(w)] { w->news(); });
}

}  // namespace emilua::actor
