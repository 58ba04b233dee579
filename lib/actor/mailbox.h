// Where the actors of one process leave messages for one of them.
//
//   auto box = std::make_shared<mailbox>();
//   address to{box};                                  // copies count as senders
//   id = to->put(std::move(message), done);           // any thread; done(error) when it was taken
//   …
//   if (auto message = box->take()) …                 // the owner's strand
//   box->wait(strand, has_channels, [] { … });        // calls once when there is news
//
// Sending is a rendezvous: a message stays its sender's, who can withdraw it, until the owner takes
// it; exactly one of taking, withdrawing and closing happens to it. An owner that waits takes the
// first message at once: it is handed over, and lies here only until the owner has heard of it.
// Messages are taken in the order of put(). Thread-safe; callbacks are called without locks, those
// of put() from whichever thread decides.
#pragma once

#include <absl/functional/any_invocable.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <vector>

#include "lib/actor/local_message.h"
#include "lib/base/unique_fd.h"
#include "lib/fiber/vm.h"

namespace emilua::actor {

class mailbox {
 public:
  using completion = absl::AnyInvocable<void(std::error_code)>;
  using callback = absl::AnyInvocable<void()>;

  // --- senders ------------------------------------------------------------

  // done(channel_closed) if the mailbox is closed, or closes before the message is taken.
  std::uint64_t put(local_message message, completion done);
  // The same if the message's fate is clear at once: otherwise nothing, and it is still the
  // caller's.
  [[nodiscard]] std::optional<std::error_code> offer(local_message& message);
  // done(operation_aborted) unless the message has met its fate already.
  void withdraw(std::uint64_t id);

  [[nodiscard]] bool is_closed() const;

  // The reading end of a channel whose writing end goes to another process.
  void add_channel(base::unique_fd reader);

  // --- the owner ----------------------------------------------------------

  [[nodiscard]] std::optional<local_message> take();
  [[nodiscard]] std::vector<base::unique_fd> take_channels();
  [[nodiscard]] bool has_senders() const;

  enum class outlook {
    waiting,  // `news` will be called
    news,     // there is something to take
    nothing,  // and there are no senders
  };
  // Calls `news` on the strand once something has come or the last sender has gone, and keeps the
  // strand's threads from ending until then. Nothing happens if that is so already; `others` says
  // that there are senders that the mailbox does not know of.
  [[nodiscard]] outlook wait(const fiber::strand& owner, bool others, callback news);
  // The message that was handed over meanwhile: nobody else may have it, so the owner must.
  [[nodiscard]] std::optional<local_message> stop_waiting();

  void close();

 private:
  friend class address;

  struct entry {
    std::uint64_t id;
    local_message message;
    completion done;
  };
  struct waiter {
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work;
    fiber::strand owner;  // goes before the work that keeps its event loop
    bool others;
    callback news;
  };

  void add_sender();
  void remove_sender();
  static void tell(std::optional<waiter> w);

  mutable std::mutex mutex_;
  std::list<entry> entries_;
  std::optional<local_message> handed_over_;  // comes before the entries
  std::vector<base::unique_fd> channels_;
  std::optional<waiter> waiter_;  // as long as there is nothing of all this
  std::uint64_t last_id_ = 0;
  std::size_t senders_ = 0;
  bool closed_ = false;
};

// The right to send to a mailbox; for as long as it exists, the owner has a sender.
class address {
 public:
  explicit address(std::shared_ptr<mailbox> to) : to_(std::move(to)) { to_->add_sender(); }
  address(const address& other) : address(other.to_) {}
  address(address&& other) noexcept = default;
  address& operator=(address other) noexcept {
    to_.swap(other.to_);
    return *this;
  }
  ~address() {
    if (to_) to_->remove_sender();
  }

  [[nodiscard]] mailbox* operator->() const noexcept { return to_.get(); }
  [[nodiscard]] const std::shared_ptr<mailbox>& box() const noexcept { return to_; }
  [[nodiscard]] bool operator==(const address& other) const noexcept { return to_ == other.to_; }

 private:
  std::shared_ptr<mailbox> to_;  // null when moved from
};

}  // namespace emilua::actor
