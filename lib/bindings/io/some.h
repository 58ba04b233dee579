// read_some and write_some for every class whose object has a transfer_object.
//
//   int read_some(lua_State* L) { return read_some(L, lua::check<my_stream>(L, 1).io); }
#pragma once

#include "lib/bindings/byte_span/byte_span.h"
#include "lib/bindings/io/transfer.h"
#include "lib/fiber/suspend.h"

namespace emilua::bindings {

inline constexpr auto push_count = [](lua_State* L, std::size_t n) {
  lua_pushinteger(L, static_cast<lua_Integer>(n));
  return 1;
};

// The buffer is argument 2.
inline int read_some(lua_State* L, transfer_object& io) {
  auto& buffer = lua::check<byte_span>(L, 2);
  return fiber::await(
      L,
      [&](auto handler) { io.async_read_some(buffer.mutable_buffer(), std::move(handler)); },
      [keep = buffer.memory](lua_State* R, std::size_t n) { return push_count(R, n); });
}

inline int write_some(lua_State* L, transfer_object& io) {
  auto& buffer = lua::check<byte_span>(L, 2);
  return fiber::await(
      L, [&](auto handler) { io.async_write_some(buffer.const_buffer(), std::move(handler)); },
      [keep = buffer.memory](lua_State* R, std::size_t n) { return push_count(R, n); });
}

}  // namespace emilua::bindings
