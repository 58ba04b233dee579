#include "lib/bindings/system/signal.h"

#include <csignal>
#include <memory>

#include "lib/bindings/system/arguments.h"
#include "lib/bindings/system/credentials.h"
#include "lib/bindings/system/signal_service.h"
#include "lib/fiber/suspend.h"
#include "lib/lua/class.h"
#include "lib/lua/core_error.h"
#include "lib/lua/error.h"

namespace emilua::bindings {

// Each wait has a share in the registration, which is thus there for as long as it can be
// interrupted.
struct signal_set {
  std::shared_ptr<signal_registration> signals;
};

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::signal_set>();

namespace emilua::bindings {
namespace {

signal_service& service(lua_State* L) {
  auto* found = fiber::vm::of(L).process().find<signal_service>();
  if (found == nullptr) lua::raise(L, std::errc::not_supported);
  return *found;
}

int raise(lua_State* L) {
  const int signal = check_integer(L, 1);
  if (fiber::vm::of(L).is_master()) {
    if (const int result = ::raise(signal); result != 0)
      lua::raise(L, lua::core_errc::raise_error, {"ret", result});
    return 0;
  }
  if (const auto raised = service(L).raise_handled(signal); !raised) lua::raise(L, raised.error());
  return 0;
}

template <base::result<> (signal_service::*Set)(int)>
int set_disposition(lua_State* L) {
  luaL_checknumber(L, 1);
  check_master(L);
  const int signal = check_integer(L, 1);
  if (const auto set = (service(L).*Set)(signal); !set) lua::raise(L, set.error());
  return 0;
}

// Numeric strings are no signals here. `position` is that of the argument to blame.
void add_signal(lua_State* L, signal_registration& signals, int position) {
  const auto signal = lua_type(L, position) == LUA_TNUMBER
                          ? to_integer<int>(lua_tonumber(L, position))
                          : std::nullopt;
  if (!signal) lua::raise_argument(L, position);
  if (const auto error = signals.add(*signal)) lua::raise(L, error, {"arg", position});
}

int make(lua_State* L) {
  check_master(L);
  const int count = lua_gettop(L);
  auto signals = std::make_shared<signal_registration>(service(L), fiber::vm::of(L).io());
  for (int i = 1; i <= count; ++i) add_signal(L, *signals, i);
  lua::push_new<signal_set>(L).signals = std::move(signals);
  return 1;
}

signal_registration& check_set(lua_State* L) { return *lua::check<signal_set>(L, 1).signals; }

int add(lua_State* L) {
  signal_registration& signals = check_set(L);
  check_master(L);
  add_signal(L, signals, 2);
  return 0;
}

int remove(lua_State* L) {
  signal_registration& signals = check_set(L);
  signals.remove(check_integer(L, 2));
  return 0;
}

int clear(lua_State* L) {
  check_set(L).clear();
  return 0;
}

int cancel(lua_State* L) {
  check_set(L).cancel();
  return 0;
}

int wait(lua_State* L) {
  fiber::vm::of(L).check_suspension(L);
  auto signals = lua::check<signal_set>(L, 1).signals;
  return fiber::await(
      L, [&](auto handler) { signals->async_wait(std::move(handler)); },
      [signals](lua_State* R, int signal) {
        lua_pushinteger(R, signal);
        return 1;
      });
}

const lua::class_method methods[] = {
    {"add", add}, {"remove", remove}, {"clear", clear}, {"cancel", cancel}, {"wait", wait, true}};
const lua::class_method set_functions[] = {{"new", make}};
const lua::class_method functions[] = {
    {"raise", raise},
    {"ignore", set_disposition<&signal_service::ignore>},
    {"default", set_disposition<&signal_service::set_default>},
};

#define CONSTANT(name) \
  { #name, name }

constexpr struct {
  const char* name;
  int value;
} constants[] = {
    CONSTANT(SIGABRT), CONSTANT(SIGALRM),   CONSTANT(SIGBUS),   CONSTANT(SIGCHLD),
    CONSTANT(SIGCONT), CONSTANT(SIGFPE),    CONSTANT(SIGHUP),   CONSTANT(SIGILL),
    CONSTANT(SIGINT),  CONSTANT(SIGIO),     CONSTANT(SIGKILL),  CONSTANT(SIGPIPE),
    CONSTANT(SIGPROF), CONSTANT(SIGQUIT),   CONSTANT(SIGSEGV),  CONSTANT(SIGSTOP),
    CONSTANT(SIGSYS),  CONSTANT(SIGTERM),   CONSTANT(SIGTRAP),  CONSTANT(SIGTSTP),
    CONSTANT(SIGTTIN), CONSTANT(SIGTTOU),   CONSTANT(SIGURG),   CONSTANT(SIGUSR1),
    CONSTANT(SIGUSR2), CONSTANT(SIGVTALRM), CONSTANT(SIGWINCH), CONSTANT(SIGXCPU),
    CONSTANT(SIGXFSZ),
};

#undef CONSTANT

}  // namespace

void push_signal(lua_State* L) {
  lua::push_functions(L, functions);
  for (const auto& [name, value] : constants) {
    lua_pushinteger(L, value);
    lua_setfield(L, -2, name);
  }
  lua::push_functions(L, set_functions);
  lua_setfield(L, -2, "set");
}

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::signal_set>() {
  using namespace emilua::bindings;
  static const class_info info{.name = "system.signal.set", .methods = methods};
  return info;
}
