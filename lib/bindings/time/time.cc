#include "lib/bindings/time/time.h"

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "lib/bindings/time/clock.h"
#include "lib/bindings/time/timer.h"
#include "lib/fiber/suspend.h"
#include "lib/lua/class.h"
#include "lib/lua/error.h"

namespace emilua::bindings {
namespace {

using boost::asio::steady_timer;

// Timers that no fiber sleeps with at the moment: the next one to sleep allocates nothing.
class idle_timers final : public fiber::vm_extension {
 public:
  explicit idle_timers(fiber::vm& v) : io_(v.io()) { timers_.reserve(most); }

  std::unique_ptr<steady_timer> take() {
    if (timers_.empty()) return std::make_unique<steady_timer>(io_);
    auto timer = std::move(timers_.back());
    timers_.pop_back();
    return timer;
  }

  void give_back(std::unique_ptr<steady_timer> timer) noexcept {
    if (timers_.size() < most) timers_.push_back(std::move(timer));
  }

 private:
  static constexpr std::size_t most = 128;

  boost::asio::io_context& io_;
  std::vector<std::unique_ptr<steady_timer>> timers_;
};

int sleep(lua_State* L) {
  const auto duration = check_waiting_time(L, 1);
  fiber::vm& v = fiber::vm::of(L);
  v.check_suspension(L);
  auto& idle = v.extension<idle_timers>();
  auto owned = idle.take();
  steady_timer& timer = *owned;
  timer.expires_at(after(duration));
  return fiber::await(
      L, [&](auto handler) { timer.async_wait(std::move(handler)); },
      [&idle, owned = std::move(owned)](lua_State*) mutable {
        idle.give_back(std::move(owned));
        return 0;
      });
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
