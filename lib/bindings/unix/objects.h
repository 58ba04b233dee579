// The classes of the module `unix`: their C++ objects, and access to them.
#pragma once

#include <memory>

#include "lib/bindings/io/socket.h"
#include "lib/fiber/vm.h"
#include "lib/lua/class.h"

namespace emilua::bindings {

// SOCK_STREAM and so on.
[[nodiscard]] constexpr int native_type(socket_kind kind) noexcept {
  switch (kind) {
    case socket_kind::stream:
      return SOCK_STREAM;
    case socket_kind::datagram:
      return SOCK_DGRAM;
    case socket_kind::seqpacket:
      break;
  }
  return SOCK_SEQPACKET;
}

template <socket_kind Kind>
struct unix_socket {
  static constexpr socket_kind kind = Kind;

  explicit unix_socket(fiber::vm& v) : io(v.io(), Kind) {}
  socket_object io;
};

template <socket_kind Kind>
struct unix_acceptor {
  static constexpr socket_kind kind = Kind;
  using connection = unix_socket<Kind>;

  explicit unix_acceptor(fiber::vm& v) : io(v.io(), Kind) {}
  socket_object io;
  // The option enable_connection_aborted; shared with operations under way.
  std::shared_ptr<bool> report_aborted = std::make_shared<bool>(false);
};

using unix_stream_socket = unix_socket<socket_kind::stream>;
using unix_datagram_socket = unix_socket<socket_kind::datagram>;
using unix_seqpacket_socket = unix_socket<socket_kind::seqpacket>;
using unix_stream_acceptor = unix_acceptor<socket_kind::stream>;
using unix_seqpacket_acceptor = unix_acceptor<socket_kind::seqpacket>;

template <class Object>
socket_object& io_of(lua_State* L) {
  return lua::check<Object>(L, 1).io;
}

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::unix_stream_socket>();
template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::unix_datagram_socket>();
template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::unix_seqpacket_socket>();
template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::unix_stream_acceptor>();
template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::unix_seqpacket_acceptor>();
