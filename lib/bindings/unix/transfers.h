// The transfers of unix sockets (60 §9.3): buffers, addresses and descriptors. Each function is the
// implementation of one method, for the class T of `self`.
#pragma once

#include <algorithm>
#include <cstddef>
#include <lua.hpp>
#include <memory>
#include <system_error>
#include <utility>

#include "lib/bindings/byte_span/byte_span.h"
#include "lib/bindings/io/completion.h"
#include "lib/bindings/io/file_descriptor.h"
#include "lib/bindings/io/some.h"
#include "lib/bindings/unix/address.h"
#include "lib/bindings/unix/objects.h"
#include "lib/fiber/path.h"
#include "lib/fiber/suspend.h"
#include "lib/lua/error.h"

namespace emilua::bindings {

// EINVAL with arg = index for anything but a path.
inline socket_address check_unix_address(lua_State* L, int index) {
  const std::string* path = fiber::to_path(L, index);
  if (path == nullptr) lua::raise_argument(L, index);
  const auto address = to_unix_address(*path);
  if (!address) lua::raise(L, address.error());
  return *address;
}

inline int optional_flags(lua_State* L, int index) {
  if (lua_isnoneornil(L, index)) return 0;
  if (lua_type(L, index) != LUA_TNUMBER) lua::raise_argument(L, index);
  return static_cast<int>(lua_tointeger(L, index));
}

namespace detail {

inline int push_descriptors(lua_State* L, ipc::descriptor_list& fds) {
  lua_createtable(L, static_cast<int>(fds.size()), 0);
  int i = 0;
  for (base::unique_fd& fd : fds) {
    push_file_descriptor(L, std::move(fd));
    lua_rawseti(L, -2, ++i);
  }
  return 1;
}

}  // namespace detail

// --- what a receiving method returns --------------------------------------

struct push_bytes {
  int operator()(lua_State* L, received_message& message) const {
    return push_count(L, message.bytes);
  }
};

// An unnamed sender is the empty path.
struct push_bytes_and_sender {
  int operator()(lua_State* L, received_message& message) const {
    push_count(L, message.bytes);
    fiber::push_path(L, unix_path(message.from));
    return 2;
  }
};

struct push_bytes_and_descriptors {
  int operator()(lua_State* L, received_message& message) const {
    push_count(L, message.bytes);
    return 1 + detail::push_descriptors(L, message.fds);
  }
};

// An unnamed sender is nil.
struct push_bytes_sender_and_descriptors {
  int operator()(lua_State* L, received_message& message) const {
    push_count(L, message.bytes);
    const std::string sender = unix_path(message.from);
    if (sender.empty())
      lua_pushnil(L);
    else
      fiber::push_path(L, sender);
    return 2 + detail::push_descriptors(L, message.fds);
  }
};

// --- receiving ------------------------------------------------------------

namespace detail {

template <class Push>
int await_receive(lua_State* L, socket_object& io, const byte_span& buffer, int flags,
                  std::size_t max_descriptors) {
  const receive_request request{buffer.mutable_buffer(), flags, max_descriptors};
  return fiber::await(
      L, [&](auto handler) { io.async_receive(request, std::move(handler)); },
      [keep = buffer.memory](lua_State* R, received_message message) {
        return Push{}(R, message);
      });
}

}  // namespace detail

// read_some(buffer)
template <class T>
int socket_read_some(lua_State* L) {
  fiber::vm::of(L).check_suspension(L);
  socket_object& io = io_of<T>(L);
  const auto& buffer = lua::check<byte_span>(L, 2);
  return detail::await_receive<push_bytes>(L, io, buffer, 0, 0);
}

// receive(buffer, flags)
template <class T, class Push>
int socket_receive(lua_State* L) {
  fiber::vm::of(L).check_suspension(L);
  socket_object& io = io_of<T>(L);
  const auto& buffer = lua::check<byte_span>(L, 2);
  return detail::await_receive<Push>(L, io, buffer, optional_flags(L, 3), 0);
}

// receive_with_fds(buffer, maxfds)
template <class T, class Push>
int socket_receive_with_fds(lua_State* L) {
  const lua_Number wanted = luaL_checknumber(L, 3);
  fiber::vm::of(L).check_suspension(L);
  socket_object& io = io_of<T>(L);
  const auto& buffer = lua::check<byte_span>(L, 2);
  if (!(wanted >= 1)) lua::raise_argument(L, 3);
  const auto most = std::min(wanted, static_cast<lua_Number>(ipc::max_descriptors));
  return detail::await_receive<Push>(L, io, buffer, 0, static_cast<std::size_t>(most));
}

// --- sending --------------------------------------------------------------

namespace detail {

// The descriptors are given back before the fiber goes on, which it does inside its handler.
inline int await_send(lua_State* L, socket_object& io, const byte_span& buffer,
                      send_request request, std::shared_ptr<lent_descriptors> lent = nullptr) {
  request.buffer = buffer.const_buffer();
  if (lent) request.descriptors = lent->numbers();
  return fiber::await(
      L,
      [&](auto handler) {
        auto give_back = [lent = std::move(lent)](auto& fiber, std::error_code error,
                                                  std::size_t n) mutable {
          lent.reset();
          fiber(error, n);
        };
        io.async_send(request, mapped_handler{std::move(handler), std::move(give_back)});
      },
      [keep = buffer.memory](lua_State* R, std::size_t n) { return push_count(R, n); });
}

}  // namespace detail

// write_some(buffer)
template <class T>
int socket_write_some(lua_State* L) {
  fiber::vm::of(L).check_suspension(L);
  socket_object& io = io_of<T>(L);
  const auto& buffer = lua::check<byte_span>(L, 2);
  return detail::await_send(L, io, buffer, {});
}

// send(buffer, flags)
template <class T>
int socket_send(lua_State* L) {
  fiber::vm::of(L).check_suspension(L);
  socket_object& io = io_of<T>(L);
  const auto& buffer = lua::check<byte_span>(L, 2);
  return detail::await_send(L, io, buffer, {.flags = optional_flags(L, 3)});
}

// send_to(buffer, path, flags)
template <class T>
int socket_send_to(lua_State* L) {
  fiber::vm::of(L).check_suspension(L);
  socket_object& io = io_of<T>(L);
  const auto& buffer = lua::check<byte_span>(L, 2);
  const socket_address to = check_unix_address(L, 3);
  return detail::await_send(L, io, buffer, {.flags = optional_flags(L, 4), .to = to});
}

// send_with_fds(buffer, fds)
template <class T>
int socket_send_with_fds(lua_State* L) {
  fiber::vm::of(L).check_suspension(L);
  socket_object& io = io_of<T>(L);
  const auto& buffer = lua::check<byte_span>(L, 2);
  return detail::await_send(L, io, buffer, {}, lent_descriptors::borrow(L, 3));
}

// send_to_with_fds(buffer, path, fds)
template <class T>
int socket_send_to_with_fds(lua_State* L) {
  fiber::vm::of(L).check_suspension(L);
  socket_object& io = io_of<T>(L);
  const auto& buffer = lua::check<byte_span>(L, 2);
  const socket_address to = check_unix_address(L, 3);
  return detail::await_send(L, io, buffer, {.to = to}, lent_descriptors::borrow(L, 4));
}

}  // namespace emilua::bindings
