#include "lib/bindings/unix/options.h"

#include <sys/socket.h>

#include <span>
#include <string>

#include "lib/base/error.h"
#include "lib/bindings/io/socket_option.h"
#include "lib/lua/class.h"

namespace emilua::bindings {
namespace {

constexpr socket_option options[] = {
    {"debug", SOL_SOCKET, SO_DEBUG, option_type::boolean},
    {"send_buffer_size", SOL_SOCKET, SO_SNDBUF, option_type::buffer_size},
    {"receive_buffer_size", SOL_SOCKET, SO_RCVBUF, option_type::buffer_size},
    {"send_low_watermark", SOL_SOCKET, SO_SNDLOWAT, option_type::integer},
    {"receive_low_watermark", SOL_SOCKET, SO_RCVLOWAT, option_type::integer},
};
using option_list = std::span<const socket_option>;
constexpr option_list of_streams{options};
constexpr option_list of_messages = of_streams.first(3);
constexpr option_list of_acceptors = of_streams.first(1);

constexpr option_list options_of(socket_kind kind) noexcept {
  return kind == socket_kind::stream ? of_streams : of_messages;
}

std::string_view name_of(lua_State* L) {
  std::size_t size;
  const char* name = luaL_checklstring(L, 2, &size);
  return {name, size};
}

void check_is_open(lua_State* L, const socket_object& io) {
  if (!io.is_open()) lua::raise(L, base::system_error(EBADF));
}

[[noreturn]] void raise_no_option(lua_State* L) { lua::raise(L, std::errc::not_supported); }

const socket_option& check_option(lua_State* L, option_list known) {
  const socket_option* option = find_option(known, name_of(L));
  if (option == nullptr) raise_no_option(L);
  return *option;
}

// Who made the other end; SO_PEERCRED has no user at all where there is none.
int push_remote_credentials(lua_State* L, const socket_object& io) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(io.native(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == -1)
    lua::raise(L, base::last_error());
  if (peer.uid == static_cast<uid_t>(-1)) lua::raise(L, base::system_error(ENOTCONN));
  lua_createtable(L, 0, 3);
  lua_pushnumber(L, peer.uid);
  lua_setfield(L, -2, "uid");
  lua_createtable(L, 1, 0);
  lua_pushnumber(L, peer.gid);
  lua_rawseti(L, -2, 1);
  lua_setfield(L, -2, "groups");
  lua_pushnumber(L, peer.pid);
  lua_setfield(L, -2, "pid");
  return 1;
}

int push_remote_security_label(lua_State* L, const socket_object& io) {
  std::string label(256, '\0');
  auto size = static_cast<socklen_t>(label.size());
  int result = ::getsockopt(io.native(), SOL_SOCKET, SO_PEERSEC, label.data(), &size);
  if (result == -1 && errno == ERANGE) {  // `size` now says how long it is
    label.resize(size);
    result = ::getsockopt(io.native(), SOL_SOCKET, SO_PEERSEC, label.data(), &size);
  }
  if (result == -1) lua::raise(L, base::last_error());
  label.resize(size);
  if (label.ends_with('\0')) label.pop_back();
  lua::push_text(L, label);
  return 1;
}

}  // namespace

int set_unix_socket_option(lua_State* L, const socket_object& io, socket_kind kind) {
  const socket_option& option = check_option(L, options_of(kind));
  check_is_open(L, io);
  set_socket_option(L, io.native(), option);
  return 0;
}

int get_unix_socket_option(lua_State* L, const socket_object& io, socket_kind kind) {
  const std::string_view name = name_of(L);
  if (kind != socket_kind::datagram) {
    if (name == "remote_security_labels")  // FreeBSD's
      lua::raise(L, std::make_error_code(std::errc::not_supported), {"arg", name});
    const bool label = name == "remote_security_label";
    if (label || name == "remote_credentials") {
      check_is_open(L, io);
      return label ? push_remote_security_label(L, io) : push_remote_credentials(L, io);
    }
  }
  const socket_option& option = check_option(L, options_of(kind));
  check_is_open(L, io);
  push_socket_option(L, io.native(), option);
  return 1;
}

int set_unix_acceptor_option(lua_State* L, const socket_object& io, bool& report_aborted) {
  if (name_of(L) == "enable_connection_aborted") {
    luaL_checktype(L, 3, LUA_TBOOLEAN);
    check_is_open(L, io);
    report_aborted = lua_toboolean(L, 3) != 0;
    return 0;
  }
  const socket_option& option = check_option(L, of_acceptors);
  check_is_open(L, io);
  set_socket_option(L, io.native(), option);
  return 0;
}

int get_unix_acceptor_option(lua_State* L, const socket_object& io, bool report_aborted) {
  if (name_of(L) == "enable_connection_aborted") {
    check_is_open(L, io);
    lua_pushboolean(L, report_aborted);
    return 1;
  }
  const socket_option& option = check_option(L, of_acceptors);
  check_is_open(L, io);
  push_socket_option(L, io.native(), option);
  return 1;
}

}  // namespace emilua::bindings
