#include "lib/bindings/time/timer.h"

#include <boost/asio/basic_waitable_timer.hpp>
#include <memory>

#include "lib/bindings/time/clock.h"
#include "lib/fiber/suspend.h"

namespace emilua::bindings {

// Each wait has a share in Asio's timer, which is thus there for as long as it can be interrupted,
// even when the end of the VM has destroyed this object.
template <class Clock>
struct timer {
  std::shared_ptr<boost::asio::basic_waitable_timer<Clock>> io;
};

using steady_timer = timer<std::chrono::steady_clock>;
using system_timer = timer<std::chrono::system_clock>;

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::steady_timer>();
template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::system_timer>();

namespace emilua::bindings {
namespace {

using lua::check;

int return_count(lua_State* L, std::size_t count) {
  lua_pushinteger(L, static_cast<lua_Integer>(count));
  return 1;
}

template <class Clock>
struct timer_api {
  using object = timer<Clock>;
  using point = time_point<Clock>;

  // Expired: Asio too begins with the clock's epoch.
  static int make(lua_State* L) {
    auto& self = lua::push_new<object>(L);
    self.io = std::make_shared<boost::asio::basic_waitable_timer<Clock>>(fiber::vm::of(L).io());
    return 1;
  }

  static int expires_at(lua_State* L) {
    const auto& self = check<object>(L, 1);
    const typename Clock::time_point expiry{check<point>(L, 2).since_epoch};
    return return_count(L, self.io->expires_at(expiry));
  }

  static int expires_after(lua_State* L) {
    const auto& self = check<object>(L, 1);
    return return_count(L, self.io->expires_at(after(check_waiting_time(L, 2))));
  }

  static int cancel(lua_State* L) { return return_count(L, check<object>(L, 1).io->cancel()); }

  static int wait(lua_State* L) {
    fiber::vm::of(L).check_suspension(L);
    auto io = check<object>(L, 1).io;
    return fiber::await(
        L, [&](auto handler) { io->async_wait(std::move(handler)); },
        [io](lua_State*) { return 0; });
  }

  static int expiry(lua_State* L) {
    lua::push_new<point>(L, point{check<object>(L, 1).io->expiry().time_since_epoch()});
    return 1;
  }

  static constexpr lua::class_method functions[] = {{"new", make}};
  static constexpr lua::class_method methods[] = {
      {"expires_at", expires_at}, {"cancel", cancel}, {"wait", wait, true}};
  static constexpr lua::class_property properties[] = {{"expiry", expiry}};
};

using steady_api = timer_api<std::chrono::steady_clock>;
using system_api = timer_api<std::chrono::system_clock>;

constexpr lua::class_method steady_methods[] = {
    {"expires_at", steady_api::expires_at},
    {"expires_after", steady_api::expires_after},
    {"cancel", steady_api::cancel},
    {"wait", steady_api::wait, true},
};

}  // namespace

void push_steady_timer(lua_State* L) { lua::push_functions(L, steady_api::functions); }
void push_system_timer(lua_State* L) { lua::push_functions(L, system_api::functions); }

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::steady_timer>() {
  using namespace emilua::bindings;
  static const class_info info{
      .name = "steady_timer", .methods = steady_methods, .properties = steady_api::properties};
  return info;
}

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::system_timer>() {
  using namespace emilua::bindings;
  static const class_info info{
      .name = "system_timer", .methods = system_api::methods, .properties = system_api::properties};
  return info;
}
