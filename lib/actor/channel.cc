#include "lib/actor/channel.h"

#include <signal.h>

#include <optional>

#include "lib/actor/value.h"
#include "lib/bindings/io/operation_queue.h"
#include "lib/fiber/suspend.h"
#include "lib/ipc/message.h"
#include "lib/ipc/process.h"
#include "lib/lua/core_error.h"
#include "lib/lua/error.h"

namespace emilua::actor {

using lua::check;
using lua::core_errc;
ipc_channel::ipc_channel(lua_State* L, base::unique_fd fd, std::shared_ptr<child_process> child)
    : sends_(std::make_shared<bindings::operation_queue>(fiber::vm::of(L).io(), std::move(fd),
                                                         bindings::operation_queue::wait_write)),
      child_(std::move(child)) {}

void ipc_channel::close() {
  if (sends_) sends_->cancel();
  sends_.reset();
}

void ipc_channel::detach() { child_.reset(); }

namespace {

// A message under way.
struct pending_message {
  explicit pending_message(lua_State* L) : value(L, 2) {
    auto prepared = ipc::outgoing_message::prepare(value.writer());
    if (!prepared) {
      if (prepared.error() == std::errc::invalid_argument) lua::raise_argument(L, 2);
      lua::raise(L, prepared.error());
    }
    message = std::move(*prepared);
  }

  // One try; nothing if the kernel's queue is full.
  [[nodiscard]] std::optional<std::error_code> send(int socket) const {
    const auto sent = message.send(socket);
    if (sent) return std::error_code{};
    if (sent.error() == std::errc::resource_unavailable_try_again) return std::nullopt;
    return sent.error();
  }

  outgoing_value value;
  ipc::outgoing_message message;
};

template <class Handler>
void async_send(const std::shared_ptr<bindings::operation_queue>& sends,
                std::shared_ptr<pending_message> message, Handler handler) {
  // What the program does with its own objects meanwhile is not to matter.
  if (const auto kept = message->message.keep_descriptors(); !kept)
    return bindings::post_completion(std::move(handler), kept.error());
  auto attempt = [socket = sends->native(), message = std::move(message)] {
    return message->send(socket);
  };
  sends->start(std::move(attempt),
               bindings::mapped_handler{
                   std::move(handler), [](Handler& h, std::error_code error, std::error_code sent) {
                     h(error ? error : sent);
                   }});
}

int send(lua_State* L) {
  fiber::vm::of(L).check_suspension(L);
  const auto& self = check<ipc_channel>(L, 1);
  if (!self.is_open()) lua::raise(L, core_errc::channel_closed);
  if (lua_gettop(L) < 2) lua::raise(L, std::errc::invalid_argument);
  pending_message message{L};
  return fiber::try_or_await(
      L,
      [&] {
        // Those that wait already come first.
        return self.sends()->empty() ? message.send(self.native()) : std::nullopt;
      },
      [&](auto handler) {
        async_send(self.sends(), std::make_shared<pending_message>(std::move(message)),
                   std::move(handler));
      });
}

int close(lua_State* L) {
  check<ipc_channel>(L, 1).close();
  return 0;
}

int detach(lua_State* L) {
  auto& self = check<ipc_channel>(L, 1);
  if (!self.child()) lua::raise_argument(L, 1);
  fiber::vm::of(L).extension<children>().release(self.child());
  self.detach();
  return 0;
}

int kill(lua_State* L) {
  auto& self = check<ipc_channel>(L, 1);
  if (!self.is_open()) lua::raise(L, core_errc::channel_closed);
  if (!self.child()) lua::raise(L, std::errc::operation_not_permitted);
  int signal = SIGKILL;
  if (!lua_isnoneornil(L, 2)) {
    if (lua_type(L, 2) != LUA_TNUMBER) lua::raise_argument(L, 2);
    signal = static_cast<int>(lua_tointeger(L, 2));
  }
  const auto sent = self.child()->send_signal(signal);
  const bool is_over = signal == SIGKILL && (sent || sent.error() == std::errc::no_such_process);
  if (is_over)
    self.close();
  else if (!sent)
    lua::raise(L, sent.error());
  return 0;
}

int wait(lua_State* L) {
  const auto& self = check<ipc_channel>(L, 1);
  fiber::vm::of(L).check_suspension(L);
  if (!self.awaited()) lua::raise(L, std::errc::operation_not_permitted);
  return wait_for_child(L, self.awaited());
}

int child_pid(lua_State* L) {
  const auto& self = check<ipc_channel>(L, 1);
  if (!self.child()) lua::raise(L, std::errc::invalid_argument);
  lua_pushinteger(L, self.child()->pid);
  return 1;
}

const lua::class_method methods[] = {{"send", send, true},
                                     {"close", close},
                                     {"detach", detach},
                                     {"kill", kill},
                                     {"wait", wait, true}};
const lua::class_property properties[] = {{"child_pid", child_pid}};

}  // namespace

void push_channel(lua_State* L, base::unique_fd fd) { push_channel(L, std::move(fd), nullptr); }

void push_channel(lua_State* L, base::unique_fd fd, std::shared_ptr<child_process> child) {
  lua::push_new<ipc_channel>(L, L, std::move(fd), std::move(child));
}

}  // namespace emilua::actor

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::actor::ipc_channel>() {
  using namespace emilua::actor;
  static const class_info info{
      .name = "ipc_actor_channel", .methods = methods, .properties = properties};
  return info;
}
