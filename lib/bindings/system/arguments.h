// Numbers that go to the kernel: checked, so that none becomes another on its way.
#pragma once

#include <sys/types.h>

#include <limits>
#include <lua.hpp>
#include <optional>
#include <type_traits>

#include "lib/lua/error.h"

namespace emilua::bindings {

// Fractions are cut off, as Lua does; nothing when the number does not fit.
template <class Integer>
[[nodiscard]] std::optional<Integer> to_integer(double value) noexcept {
  using limits = std::numeric_limits<Integer>;
  // False for NaN too.
  if (!(value > static_cast<double>(limits::min()) - 1 &&
        value < static_cast<double>(limits::max()) + 1))
    return std::nullopt;
  return static_cast<Integer>(value);
}

// A number or a numeric string, or a string error; EINVAL with arg = index if it does not fit.
template <class Integer = int>
[[nodiscard]] Integer check_integer(lua_State* L, int index) {
  const auto value = to_integer<Integer>(luaL_checknumber(L, index));
  if (!value) lua::raise_argument(L, index);
  return *value;
}

// A user or group id; -1 stands for the highest one, which means "keep" to the kernel.
[[nodiscard]] inline std::optional<id_t> to_id(double value) noexcept {
  if (value == -1) return static_cast<id_t>(-1);
  return to_integer<id_t>(value);
}

[[nodiscard]] inline id_t check_id(lua_State* L, int index) {
  const auto id = to_id(luaL_checknumber(L, index));
  if (!id) lua::raise_argument(L, index);
  return *id;
}

// A string error unless the value is of type number: numeric strings are none.
inline void check_number_type(lua_State* L, int index) { luaL_checktype(L, index, LUA_TNUMBER); }

}  // namespace emilua::bindings
