#include "lib/bindings/time/time.h"

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cmath>
#include <memory>

#include "lib/fiber/suspend.h"
#include "lib/lua/class.h"
#include "lib/lua/error.h"

namespace emilua::bindings {
namespace {

using boost::asio::steady_timer;

// Seconds as a number, rounded up to the clock's tick.
steady_timer::duration check_duration(lua_State* L, int index) {
  const double seconds = luaL_checknumber(L, index);
  if (!std::isfinite(seconds) || seconds < 0)
    lua::raise(L, std::make_error_code(std::errc::argument_out_of_domain), {"arg", index});
  const double nanoseconds = std::ceil(seconds * 1e9);
  if (nanoseconds >= 9223372036854775808.0) lua::raise(L, std::errc::value_too_large);
  return std::chrono::nanoseconds{static_cast<std::int64_t>(nanoseconds)};
}

int sleep(lua_State* L) {
  const auto duration = check_duration(L, 1);
  const auto now = steady_timer::clock_type::now();
  // Later than the clock can tell is as late as it can tell.
  const auto expiry = duration > steady_timer::time_point::max() - now
                          ? steady_timer::time_point::max()
                          : now + duration;
  auto timer = std::make_shared<steady_timer>(fiber::vm::of(L).process().io(), expiry);
  return fiber::await(
      L, [&](auto handler) { timer->async_wait(std::move(handler)); },
      [timer](lua_State*) { return 0; });
}

const lua::class_method functions[] = {{"sleep", sleep, true}};

}  // namespace

void push_time(lua_State* L) { lua::push_functions(L, functions); }

}  // namespace emilua::bindings
