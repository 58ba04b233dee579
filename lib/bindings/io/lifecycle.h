// The methods that every object over a descriptor has: new, close, cancel, assign, release, is_open
// (50 §1). `Io` gives the object behind argument 1.
//
//   struct my_stream { transfer_object io; };               // made from a fiber::vm&
//   transfer_object& io_of(lua_State* L) { return lua::check<my_stream>(L, 1).io; }
//   const lua::class_method methods[] = {{"close", close<io_of>}, …};
#pragma once

#include <boost/asio/error.hpp>
#include <cerrno>
#include <lua.hpp>
#include <system_error>

#include "lib/base/error.h"
#include "lib/bindings/io/file_descriptor.h"
#include "lib/fiber/vm.h"
#include "lib/lua/class.h"
#include "lib/lua/error.h"

namespace emilua::bindings {

// EBADF of the system unless it is open.
template <auto Io>
auto& check_open(lua_State* L) {
  auto& io = Io(L);
  if (!io.is_open()) lua::raise(L, base::system_error(EBADF));
  return io;
}

template <auto Io>
auto& check_not_open(lua_State* L) {
  auto& io = Io(L);
  if (io.is_open())
    lua::raise(
        L, std::error_code{boost::asio::error::make_error_code(boost::asio::error::already_open)});
  return io;
}

// Not open, or over the descriptor that is argument 1.
template <class Object>
int make(lua_State* L) {
  const bool adopt = lua_gettop(L) > 0;
  auto& self = lua::push_new<Object>(L, fiber::vm::of(L));
  if (adopt) self.io.assign(take_file_descriptor(L, 1));
  return 1;
}

template <auto Io>
int close(lua_State* L) {
  Io(L).close();
  return 0;
}

template <auto Io>
int cancel(lua_State* L) {
  check_open<Io>(L).cancel();
  return 0;
}

template <auto Io>
int assign(lua_State* L) {
  check_not_open<Io>(L).assign(take_file_descriptor(L, 2));
  return 0;
}

template <auto Io>
int release(lua_State* L) {
  auto& io = Io(L);
  if (!io.is_open()) lua::raise(L, std::errc::bad_file_descriptor);
  push_file_descriptor(L, io.release());
  return 1;
}

template <auto Io>
int is_open(lua_State* L) {
  lua_pushboolean(L, Io(L).is_open());
  return 1;
}

}  // namespace emilua::bindings
