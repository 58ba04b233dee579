// inbox: the one place where a VM's messages arrive.
//
// Actors of this process leave them in its mailbox. Each address that was given to another process
// is a channel of its own, whose reading end is here. Channels are read only while a fiber waits in
// receive(), and no further than one message: whatever else was sent stays with the kernel, and
// with the sender once the kernel's queue is full. Channels take turns. One that delivers anything
// malformed is closed as if its sender had gone.
#pragma once

#include <absl/functional/any_invocable.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <lua.hpp>
#include <memory>
#include <optional>
#include <system_error>
#include <vector>

#include "lib/actor/local_message.h"
#include "lib/actor/mailbox.h"
#include "lib/base/error.h"
#include "lib/base/unique_fd.h"
#include "lib/fiber/vm.h"
#include "lib/ipc/message.h"

namespace emilua::actor {

// What has arrived, one way or the other.
struct incoming {
  std::optional<ipc::received_message> remote;
  std::optional<local_message> local;

  void push(lua_State* L);
};

class inbox final : public fiber::vm_extension {
 public:
  explicit inbox(fiber::vm& v) : vm_(v), box_(std::make_shared<mailbox>()) {}

  [[nodiscard]] const std::shared_ptr<mailbox>& box() const noexcept { return box_; }

  // Reads from one more channel.
  void add_channel(base::unique_fd reader);

  // The program has imported it: it stays open after the main fiber.
  void mark_imported() noexcept { imported_ = true; }

  [[nodiscard]] bool is_closed() const noexcept { return closed_; }
  [[nodiscard]] bool has_receiver() const noexcept { return static_cast<bool>(receiver_); }
  [[nodiscard]] bool has_senders() const { return !channels_.empty() || box_->has_senders(); }

  // A message that is here already, of an actor of this process.
  [[nodiscard]] std::optional<incoming> take();
  // The same of another process, while there is a single channel: several take turns, which only
  // the event loop can tell.
  [[nodiscard]] std::optional<incoming> take_remote();

  // Waits for a message. handler(std::error_code, incoming); one at a time.
  template <class Handler>
  void async_receive(Handler handler);

  void close();

  void main_finished() override {
    if (!imported_) close();
  }
  void closing() override { close(); }

 private:
  struct channel {
    channel(boost::asio::io_context& io, base::unique_fd fd) : socket(io, fd.release()) {}
    boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> socket;
    bool armed = false;  // a wait is pending
  };
  using completion = absl::AnyInvocable<void(std::error_code, incoming)>;

  void add_new_channels();
  void begin(completion receiver);
  void finish(std::error_code error, incoming message = {});
  void stop(std::error_code error);
  void look();
  void on_news();
  void arm(const std::shared_ptr<channel>& c);
  void on_ready(const std::shared_ptr<channel>& c);
  [[nodiscard]] std::optional<incoming> read(const std::shared_ptr<channel>& c);

  fiber::vm& vm_;
  std::shared_ptr<mailbox> box_;
  std::vector<std::shared_ptr<channel>> channels_;
  completion receiver_;  // empty: nobody waits
  bool imported_ = false;
  bool closed_ = false;
};

// Pushes the module `inbox`: the object itself.
void push_inbox(lua_State* L);

[[nodiscard]] bool is_inbox(lua_State* L, int index);

// A new channel to the VM's inbox: its writing end. channel_closed when the inbox is closed.
[[nodiscard]] base::result<base::unique_fd> new_address(lua_State* L);

// The same for any actor of this process.
[[nodiscard]] base::result<base::unique_fd> new_address(mailbox& box);

}  // namespace emilua::actor
