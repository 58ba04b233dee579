#include "lib/bindings/time/time.h"

#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "lib/bindings/time/clock.h"
#include "lib/bindings/time/timer.h"
#include "lib/fiber/suspend.h"
#include "lib/lua/class.h"
#include "lib/lua/error.h"

namespace emilua::bindings {
namespace {

using boost::asio::steady_timer;

int sleep(lua_State* L) {
  const auto duration = check_waiting_time(L, 1);
  auto timer = std::make_shared<steady_timer>(fiber::vm::of(L).io(), after(duration));
  return fiber::await(
      L, [&](auto handler) { timer->async_wait(std::move(handler)); },
      [timer](lua_State*) { return 0; });
}

const lua::class_method functions[] = {{"sleep", sleep, true}};

constexpr struct {
  const char* name;
  void (*push)(lua_State* L);
} classes[] = {
    {"steady_clock", push_steady_clock},
    {"system_clock", push_system_clock},
    {"high_resolution_clock", push_high_resolution_clock},
    {"steady_timer", push_steady_timer},
    {"system_timer", push_system_timer},
};

}  // namespace

void push_time(lua_State* L) {
  lua::push_functions(L, functions);
  for (const auto& [name, push] : classes) {
    push(L);
    lua_setfield(L, -2, name);
  }
}

}  // namespace emilua::bindings
