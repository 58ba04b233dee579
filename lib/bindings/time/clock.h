// The clocks of the module `time`, and their time points.
#pragma once

#include <chrono>
#include <lua.hpp>

#include "lib/lua/class.h"

namespace emilua::bindings {

// In the standard library this is another name of system_clock; for programs it is a class of its
// own, of which they can rely on less.
struct high_resolution_clock : std::chrono::high_resolution_clock {};

// The Lua object.
template <class Clock>
struct time_point {
  std::chrono::nanoseconds since_epoch;
};

using steady_point = time_point<std::chrono::steady_clock>;
using system_point = time_point<std::chrono::system_clock>;
using high_resolution_point = time_point<high_resolution_clock>;

// Seconds as a number to the clocks' tick, to the nearest with ties to even. EDOM with arg = index
// for NaN and infinities, EOVERFLOW beyond what 64 bits of nanoseconds hold.
[[nodiscard]] std::chrono::nanoseconds check_seconds(lua_State* L, int index);

// The same, rounded up; a negative duration is EDOM too.
[[nodiscard]] std::chrono::nanoseconds check_waiting_time(lua_State* L, int index);

// So much after now. Later than the clock can tell is as late as it can tell.
[[nodiscard]] std::chrono::steady_clock::time_point after(std::chrono::nanoseconds duration);

// Push the tables {now, epoch}; the last one has is_steady too.
void push_steady_clock(lua_State* L);
void push_system_clock(lua_State* L);
void push_high_resolution_clock(lua_State* L);

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::steady_point>();
template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::system_point>();
template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::high_resolution_point>();
