// read_some and write_some for every class whose object has a transfer_object.
//
//   transfer_object& io_of(lua_State* L) { return lua::check<my_stream>(L, 1).io; }
//   const lua::class_method methods[] = {{"read_some", read_some<io_of>, true}, …};
#pragma once

#include "lib/bindings/byte_span/byte_span.h"
#include "lib/bindings/io/transfer.h"
#include "lib/fiber/suspend.h"

namespace emilua::bindings {

inline constexpr auto push_count = [](lua_State* L, std::size_t n) {
  lua_pushinteger(L, static_cast<lua_Integer>(n));
  return 1;
};

// The buffer is argument 2. Whether the fiber may suspend comes before what it suspends for.
template <transfer_object& (*Self)(lua_State*)>
int read_some(lua_State* L) {
  fiber::vm::of(L).check_suspension(L);
  transfer_object& io = Self(L);
  auto& buffer = lua::check<byte_span>(L, 2);
  return fiber::await(
      L, [&](auto handler) { io.async_read_some(buffer.mutable_buffer(), std::move(handler)); },
      [keep = buffer.memory](lua_State* R, std::size_t n) { return push_count(R, n); });
}

template <transfer_object& (*Self)(lua_State*)>
int write_some(lua_State* L) {
  fiber::vm::of(L).check_suspension(L);
  transfer_object& io = Self(L);
  auto& buffer = lua::check<byte_span>(L, 2);
  return fiber::await(
      L, [&](auto handler) { io.async_write_some(buffer.const_buffer(), std::move(handler)); },
      [keep = buffer.memory](lua_State* R, std::size_t n) { return push_count(R, n); });
}

}  // namespace emilua::bindings
