// The clocks of the module `time`: steady_clock and system_clock with their time points.
#pragma once

#include <chrono>
#include <lua.hpp>

namespace emilua::bindings {

// Seconds as a number to the clocks' tick, to the nearest with ties to even. EDOM with arg = index
// for NaN and infinities, EOVERFLOW beyond what 64 bits of nanoseconds hold.
[[nodiscard]] std::chrono::nanoseconds check_seconds(lua_State* L, int index);

// The same, rounded up; a negative duration is EDOM too.
[[nodiscard]] std::chrono::nanoseconds check_waiting_time(lua_State* L, int index);

// Push the tables {now, epoch}.
void push_steady_clock(lua_State* L);
void push_system_clock(lua_State* L);

}  // namespace emilua::bindings
