#include "lib/bindings/time/clock.h"

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "lib/lua/error.h"

namespace emilua::bindings {

using std::chrono::nanoseconds;

namespace {

using lua::check;

double check_finite(lua_State* L, int index) {
  const double seconds = lua::check_number(L, index);
  if (!std::isfinite(seconds))
    lua::raise(L, std::make_error_code(std::errc::argument_out_of_domain), {"arg", index});
  return seconds;
}

nanoseconds from_ticks(lua_State* L, double ticks) {
  if (!(std::abs(ticks) < 9223372036854775808.0)) lua::raise(L, std::errc::value_too_large);
  return nanoseconds{static_cast<std::int64_t>(ticks)};
}

// Wraps around where the sum leaves 64 bits, which is left unspecified.
nanoseconds sum(nanoseconds a, nanoseconds b) {
  return nanoseconds{static_cast<std::int64_t>(static_cast<std::uint64_t>(a.count()) +
                                               static_cast<std::uint64_t>(b.count()))};
}

nanoseconds negated(nanoseconds a) {
  return nanoseconds{static_cast<std::int64_t>(-static_cast<std::uint64_t>(a.count()))};
}

double seconds_of(nanoseconds d) { return static_cast<double>(d.count()) / 1e9; }

template <class Clock>
struct clock_api {
  using point = time_point<Clock>;
  static_assert(std::is_same_v<typename Clock::duration, nanoseconds>);

  // Whether its points can be moved by numbers of seconds.
  static constexpr bool movable = !std::is_same_v<Clock, high_resolution_clock>;

  static int now(lua_State* L) {
    lua::push_new<point>(L, point{Clock::now().time_since_epoch()});
    return 1;
  }

  static int epoch(lua_State* L) {
    lua::push_new<point>(L, point{nanoseconds::zero()});
    return 1;
  }

  static int add_in_place(lua_State* L) {
    auto& self = check<point>(L, 1).since_epoch;
    self = sum(self, check_seconds(L, 2));
    return 0;
  }

  static int subtract_in_place(lua_State* L) {
    auto& self = check<point>(L, 1).since_epoch;
    self = sum(self, negated(check_seconds(L, 2)));
    return 0;
  }

  static int seconds_since_epoch(lua_State* L) {
    lua_pushnumber(L, seconds_of(check<point>(L, 1).since_epoch));
    return 1;
  }

  static int add(lua_State* L) {
    const nanoseconds start = check<point>(L, 1).since_epoch;
    lua::push_new<point>(L, point{sum(start, check_seconds(L, 2))});
    return 1;
  }

  static int subtract(lua_State* L) {
    const nanoseconds start = check<point>(L, 1).since_epoch;
    if (const auto* other = lua::to<point>(L, 2))
      lua_pushnumber(L, seconds_of(sum(start, negated(other->since_epoch))));
    else if (movable && lua_type(L, 2) == LUA_TNUMBER)
      lua::push_new<point>(L, point{sum(start, negated(check_seconds(L, 2)))});
    else
      lua::raise_argument(L, 2);
    return 1;
  }

  static int equal(lua_State* L) {
    const auto *a = lua::to<point>(L, 1), *b = lua::to<point>(L, 2);
    lua_pushboolean(L, a != nullptr && b != nullptr && a->since_epoch == b->since_epoch);
    return 1;
  }

  static int less(lua_State* L) {
    lua_pushboolean(L, check<point>(L, 1).since_epoch < check<point>(L, 2).since_epoch);
    return 1;
  }

  static int less_equal(lua_State* L) {
    lua_pushboolean(L, check<point>(L, 1).since_epoch <= check<point>(L, 2).since_epoch);
    return 1;
  }

  static constexpr lua::class_method functions[] = {{"now", now}, {"epoch", epoch}};
  static constexpr lua::class_method methods[] = {{"add", add_in_place},
                                                  {"sub", subtract_in_place}};
  static constexpr lua::class_property properties[] = {
      {"seconds_since_epoch", seconds_since_epoch}};
  static constexpr lua::class_method metamethods[] = {
      {"__add", add}, {"__sub", subtract}, {"__eq", equal}, {"__lt", less}, {"__le", less_equal}};
  static constexpr lua::class_method fixed_metamethods[] = {
      {"__sub", subtract}, {"__eq", equal}, {"__lt", less}, {"__le", less_equal}};

  static const lua::class_info& info(const char* name) {
    static const lua::class_info movable_class{
        .name = name, .methods = methods, .properties = properties, .metamethods = metamethods};
    static const lua::class_info fixed_class{
        .name = name, .properties = properties, .metamethods = fixed_metamethods};
    return movable ? movable_class : fixed_class;
  }
};

}  // namespace

nanoseconds check_seconds(lua_State* L, int index) {
  return from_ticks(L, std::nearbyint(check_finite(L, index) * 1e9));
}

nanoseconds check_waiting_time(lua_State* L, int index) {
  const double seconds = check_finite(L, index);
  if (seconds < 0)
    lua::raise(L, std::make_error_code(std::errc::argument_out_of_domain), {"arg", index});
  return from_ticks(L, std::ceil(seconds * 1e9));
}

std::chrono::steady_clock::time_point after(nanoseconds duration) {
  using clock = std::chrono::steady_clock;
  const auto now = clock::now();
  return duration > clock::time_point::max() - now ? clock::time_point::max() : now + duration;
}

void push_steady_clock(lua_State* L) {
  lua::push_functions(L, clock_api<std::chrono::steady_clock>::functions);
}

void push_system_clock(lua_State* L) {
  lua::push_functions(L, clock_api<std::chrono::system_clock>::functions);
}

void push_high_resolution_clock(lua_State* L) {
  lua::push_functions(L, clock_api<high_resolution_clock>::functions);
  lua_pushboolean(L, high_resolution_clock::is_steady);
  lua_setfield(L, -2, "is_steady");
}

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::steady_point>() {
  return bindings::clock_api<std::chrono::steady_clock>::info("steady_clock.time_point");
}

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::system_point>() {
  return bindings::clock_api<std::chrono::system_clock>::info("system_clock.time_point");
}

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::high_resolution_point>() {
  return bindings::clock_api<bindings::high_resolution_clock>::info(
      "high_resolution_clock.time_point");
}
