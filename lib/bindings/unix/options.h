// set_option and get_option of the classes of the module `unix` (60 §7 and §9.4).
#pragma once

#include <lua.hpp>
#include <string_view>
#include <system_error>

#include "lib/bindings/io/lifecycle.h"
#include "lib/bindings/unix/objects.h"
#include "lib/lua/error.h"

namespace emilua::bindings {

// The options of a socket of this kind; the name is argument 2, the value argument 3.
int set_unix_socket_option(lua_State* L, const socket_object& io, socket_kind kind);
int get_unix_socket_option(lua_State* L, const socket_object& io, socket_kind kind);

int set_unix_acceptor_option(lua_State* L, const socket_object& io, bool& report_aborted);
int get_unix_acceptor_option(lua_State* L, const socket_object& io, bool report_aborted);

template <socket_kind Kind>
int set_unix_option(lua_State* L, unix_socket<Kind>& self) {
  return set_unix_socket_option(L, self.io, Kind);
}
template <socket_kind Kind>
int get_unix_option(lua_State* L, unix_socket<Kind>& self) {
  return get_unix_socket_option(L, self.io, Kind);
}
template <socket_kind Kind>
int set_unix_option(lua_State* L, unix_acceptor<Kind>& self) {
  return set_unix_acceptor_option(L, self.io, *self.report_aborted);
}
template <socket_kind Kind>
int get_unix_option(lua_State* L, unix_acceptor<Kind>& self) {
  return get_unix_acceptor_option(L, self.io, *self.report_aborted);
}

}  // namespace emilua::bindings
