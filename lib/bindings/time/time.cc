#include "lib/bindings/time/time.h"

#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "lib/bindings/time/clock.h"
#include "lib/fiber/suspend.h"
#include "lib/lua/class.h"
#include "lib/lua/error.h"

namespace emilua::bindings {
namespace {

using boost::asio::steady_timer;

int sleep(lua_State* L) {
  const auto duration = check_waiting_time(L, 1);
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

void push_time(lua_State* L) {
  lua::push_functions(L, functions);
  push_steady_clock(L);
  lua_setfield(L, -2, "steady_clock");
  push_system_clock(L);
  lua_setfield(L, -2, "system_clock");
}

}  // namespace emilua::bindings
