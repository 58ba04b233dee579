#include "lib/actor/inbox.h"

#include <algorithm>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>

#include "lib/actor/value.h"
#include "lib/bindings/io/completion.h"
#include "lib/fiber/suspend.h"
#include "lib/ipc/seqpacket.h"
#include "lib/lua/core_error.h"
#include "lib/lua/error.h"

namespace emilua::actor {

using lua::core_errc;

void inbox::add_channel(base::unique_fd reader) {
  auto c = std::make_shared<channel>(vm_.io(), std::move(reader));
  channels_.push_back(c);
  if (has_receiver()) arm(c);
}

// Those of addresses that were given away meanwhile.
void inbox::add_new_channels() {
  for (base::unique_fd& reader : box_->take_channels()) add_channel(std::move(reader));
}

template <class Handler>
void inbox::async_receive(Handler handler) {
  auto slot = boost::asio::get_associated_cancellation_slot(handler);
  if (slot.is_connected())
    slot.assign([this](boost::asio::cancellation_type) { stop(bindings::aborted()); });
  begin([this, handler = std::move(handler)](std::error_code error, incoming message) mutable {
    // In a turn the fiber may not be parked yet, or be in the middle of its cancellation.
    if (vm_.in_turn())
      bindings::post_completion(std::move(handler), error, std::move(message));
    else
      handler(error, std::move(message));
  });
}

void inbox::begin(completion receiver) {
  receiver_ = std::move(receiver);
  for (const auto& c : channels_) arm(c);
  look();
}

void inbox::finish(std::error_code error, incoming message) {
  if (auto receiver = std::exchange(receiver_, {})) receiver(error, std::move(message));
}

// The end of a wait that has brought nothing, unless the mailbox has.
void inbox::stop(std::error_code error) {
  if (auto message = box_->stop_waiting())
    finish({}, {.remote = {}, .local = std::move(message)});
  else
    finish(error);
}

std::optional<incoming> inbox::take() {
  auto message = box_->take();
  if (!message) return std::nullopt;
  return incoming{.remote = {}, .local = std::move(message)};
}

// Waits for what the mailbox will have, unless it has something.
void inbox::look() {
  while (receiver_) {
    auto news = [weak = vm_.weak_from_this()] {
      const auto v = weak.lock();
      if (v && !v->closed()) v->extension<inbox>().on_news();
    };
    switch (box_->wait(vm_.executor(), !channels_.empty(), std::move(news))) {
      case mailbox::outlook::waiting:
        return;
      case mailbox::outlook::nothing:
        return finish(core_errc::no_senders);
      case mailbox::outlook::news:
        break;
    }
    add_new_channels();
    if (auto message = take()) return finish({}, *std::move(message));
  }
}

void inbox::on_news() {
  if (!receiver_) return;
  if (auto message = take())
    finish({}, *std::move(message));
  else
    look();
}

void inbox::arm(const std::shared_ptr<channel>& c) {
  if (c->armed) return;
  c->armed = true;
  c->socket.async_wait(
      boost::asio::posix::descriptor_base::wait_read,
      boost::asio::bind_executor(vm_.executor(),
                                 [self = vm_.weak_from_this(), c](boost::system::error_code error) {
                                   c->armed = false;
                                   const auto v = self.lock();
                                   if (!error && v && !v->closed())
                                     v->extension<inbox>().on_ready(c);
                                 }));
}

void inbox::on_ready(const std::shared_ptr<channel>& c) {
  // Nobody waits any more: what came stays where it is.
  if (!receiver_ || !c->socket.is_open()) return;
  // Nothing may be handed over any more while something else is taken.
  if (auto message = box_->stop_waiting())
    return finish({}, {.remote = {}, .local = std::move(message)});
  if (auto message = read(c)) return finish({}, *std::move(message));
  if (c->socket.is_open()) arm(c);
  look();
}

// What a channel has. One that has ended, or delivers anything malformed, is dropped.
std::optional<incoming> inbox::read(const std::shared_ptr<channel>& c) {
  auto message = ipc::receive_message(c->socket.native_handle());
  if (message.status == ipc::packet_status::would_block) return std::nullopt;
  std::erase(channels_, c);
  if (message.status != ipc::packet_status::received) {
    c->socket.close();
    return std::nullopt;
  }
  // To the end of the line, so that no sender keeps the others from being heard.
  channels_.push_back(c);
  return incoming{.remote = std::move(message), .local = {}};
}

std::optional<incoming> inbox::take_remote() {
  add_new_channels();
  if (channels_.size() != 1) return std::nullopt;
  const std::shared_ptr<channel> only = channels_.front();
  // One that is waited for had nothing, and would have told.
  return only->armed ? std::nullopt : read(only);
}

void inbox::close() {
  if (closed_) return;
  closed_ = true;
  for (const auto& c : channels_) c->socket.close();
  channels_.clear();
  stop(core_errc::channel_closed);
  box_->close();
}

void incoming::push(lua_State* L) {
  if (local)
    std::move(*local).push(L);
  else
    push_value(L, *remote);
}

// --- Lua ------------------------------------------------------------------

// Collected, or alive until the VM ends: either way the VM's inbox closes with it.
struct inbox_object {
  explicit inbox_object(fiber::vm* v) : owner(v) {}
  inbox_object(const inbox_object&) = delete;
  inbox_object& operator=(const inbox_object&) = delete;

  fiber::vm* owner;
  ~inbox_object() {
    if (!owner->closed()) owner->extension<inbox>().close();
  }
};

}  // namespace emilua::actor

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::actor::inbox_object>();

namespace emilua::actor {
namespace {

int receive(lua_State* L) {
  fiber::vm& v = fiber::vm::of(L);
  lua::check<inbox_object>(L, 1);
  v.check_suspension(L);
  auto& self = v.extension<inbox>();
  if (self.is_closed()) lua::raise(L, core_errc::channel_closed);
  if (self.has_receiver()) lua::raise(L, std::errc::device_or_resource_busy);
  // In this order: the last sender may have sent something before it went.
  const bool has_senders = self.has_senders();
  auto message = self.take();
  if (!message && v.may_go_on()) message = self.take_remote();
  if (message) {
    lua_pushboolean(L, 1);
    message->push(L);
    return 2;
  }
  if (!has_senders) lua::raise(L, core_errc::no_senders);
  return fiber::await(
      L, [&](auto handler) { self.async_receive(std::move(handler)); },
      [](lua_State* R, incoming got) {
        got.push(R);
        return 1;
      });
}

int close(lua_State* L) {
  lua::check<inbox_object>(L, 1);
  fiber::vm::of(L).extension<inbox>().close();
  return 0;
}

const lua::class_method methods[] = {{"receive", receive, true}, {"close", close}};

}  // namespace

void push_inbox(lua_State* L) {
  fiber::vm& v = fiber::vm::of(L);
  v.extension<inbox>().mark_imported();
  lua::push_new<inbox_object>(L, &v);
}

bool is_inbox(lua_State* L, int index) { return lua::to<inbox_object>(L, index) != nullptr; }

base::result<base::unique_fd> new_address(lua_State* L) {
  auto& self = fiber::vm::of(L).extension<inbox>();
  if (self.is_closed()) return lua::make_error_code(core_errc::channel_closed);
  return new_address(*self.box());
}

base::result<base::unique_fd> new_address(mailbox& box) {
  auto ends = ipc::make_channel();
  if (!ends) return ends.error();
  box.add_channel(std::move(ends->first));
  return std::move(ends->second);
}

}  // namespace emilua::actor

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::actor::inbox_object>() {
  using namespace emilua::actor;
  static const class_info info{
      .name = "rx-channel", .methods = methods, .unknown_write = lua::on_write::eperm};
  return info;
}
