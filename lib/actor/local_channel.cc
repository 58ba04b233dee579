#include "lib/actor/local_channel.h"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <utility>

#include "lib/actor/local_message.h"
#include "lib/bindings/io/completion.h"
#include "lib/fiber/suspend.h"
#include "lib/lua/core_error.h"
#include "lib/lua/error.h"

namespace emilua::actor {
namespace {

using lua::check;
using lua::core_errc;

template <class Handler>
void async_send(const std::shared_ptr<mailbox>& to, local_message message, Handler handler) {
  auto slot = boost::asio::get_associated_cancellation_slot(handler);
  const std::uint64_t id =
      to->put(std::move(message), [handler = bindings::foreign_handler{std::move(handler)}](
                                      std::error_code error) mutable { handler.complete(error); });
  if (slot.is_connected()) {
    slot.assign([weak = std::weak_ptr{to}, id](boost::asio::cancellation_type) {
      if (const auto box = weak.lock()) box->withdraw(id);
    });
  }
}

int send(lua_State* L) {
  if (lua_gettop(L) < 2) lua::raise(L, std::errc::invalid_argument);
  const auto& self = check<local_channel>(L, 1);
  fiber::vm::of(L).check_suspension(L);
  if (!self.to || (*self.to)->is_closed()) lua::raise(L, core_errc::channel_closed);
  local_message message = local_message::copy(L, 2);
  return fiber::try_or_await(
      L, [&] { return (*self.to)->offer(message); },
      [&](auto handler) { async_send(self.to->box(), std::move(message), std::move(handler)); });
}

int close(lua_State* L) {
  check<local_channel>(L, 1).to.reset();
  return 0;
}

int equal(lua_State* L) {
  const auto* a = lua::to<local_channel>(L, 1);
  const auto* b = lua::to<local_channel>(L, 2);
  if (a != nullptr && b != nullptr && !a->to && !b->to) lua::raise(L, std::errc::not_supported);
  lua_pushboolean(L, a != nullptr && b != nullptr && a->to && b->to && *a->to == *b->to);
  return 1;
}

const lua::class_method methods[] = {{"send", send, true}, {"close", close}};
const lua::class_method metamethods[] = {{"__eq", equal}};

}  // namespace

void push_local_channel(lua_State* L, address to) {
  lua::push_new<local_channel>(L).to = std::move(to);
}

}  // namespace emilua::actor

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::actor::local_channel>() {
  using namespace emilua::actor;
  static const class_info info{.name = "tx-channel",
                               .methods = methods,
                               .metamethods = metamethods,
                               .unknown_write = lua::on_write::eperm};
  return info;
}
