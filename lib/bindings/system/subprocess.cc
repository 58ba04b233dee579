#include "lib/bindings/system/subprocess.h"

#include <memory>

#include "lib/bindings/system/arguments.h"
#include "lib/bindings/system/capabilities.h"
#include "lib/bindings/system/child_process.h"
#include "lib/bindings/system/spawn_options.h"
#include "lib/fiber/suspend.h"
#include "lib/lua/error.h"

namespace emilua::bindings {

struct subprocess {
  std::shared_ptr<child_process> child;
};

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::subprocess>();

namespace emilua::bindings {
namespace {

using state = child_process::state;

child_process& check_child(lua_State* L) { return *lua::check<subprocess>(L, 1).child; }

int spawn(lua_State* L) {
  const spawn_options options = check_spawn_options(L, 1);
  child_process& child = push_subprocess(L, options.signal_on_gcreaper);
  auto program = ipc::spawn_program(options.request);
  if (!program)
    lua::raise(L, program.error().code,
               {"step", std::string_view{ipc::step_name(program.error().step)}});
  if (const auto error = child.adopt(std::move(*program))) lua::raise(L, error);
  return 1;
}

int wait(lua_State* L) {
  fiber::vm::of(L).check_suspension(L);
  auto child = lua::check<subprocess>(L, 1).child;
  if (child->what() == state::reaped) lua::raise(L, std::errc::no_child_process);
  if (child->what() == state::waited_for) lua::raise(L, std::errc::device_or_resource_busy);
  // The operation holds the child: the object may be collected meanwhile.
  return fiber::await(
      L, [&](auto handler) { child->async_wait(std::move(handler)); }, fiber::push_nothing);
}

int kill(lua_State* L) {
  child_process& child = check_child(L);
  check_number_type(L, 2);
  const int signal = check_integer(L, 2);
  if (child.what() == state::reaped) lua::raise(L, std::errc::no_such_process);
  if (const auto sent = child.send_signal(signal); !sent) lua::raise(L, sent.error());
  return 0;
}

int cap_get(lua_State* L) {
  const child_process& child = check_child(L);
  if (child.what() == state::reaped) lua::raise(L, std::errc::no_such_process);
  push_capabilities_of(L, child.pid());
  return 1;
}

const ipc::exit_status& check_status(lua_State* L) {
  const auto& status = check_child(L).status();
  if (!status) lua::raise(L, std::errc::invalid_argument);
  return *status;
}

int exit_code(lua_State* L) {
  lua_pushinteger(L, check_status(L).code);
  return 1;
}

int exit_signal(lua_State* L) {
  const int signal = check_status(L).signal;
  if (signal == 0)
    lua_pushnil(L);
  else
    lua_pushinteger(L, signal);
  return 1;
}

int pid(lua_State* L) {
  const child_process& child = check_child(L);
  if (child.what() == state::reaped) lua::raise(L, std::errc::no_child_process);
  lua_pushinteger(L, child.pid());
  return 1;
}

const lua::class_method methods[] = {{"wait", wait, true}, {"kill", kill}, {"cap_get", cap_get}};
const lua::class_property properties[] = {
    {"exit_code", exit_code}, {"exit_signal", exit_signal}, {"pid", pid}};
const lua::class_method functions[] = {{"spawn", spawn}};

}  // namespace

std::span<const lua::class_method> spawn_functions() noexcept { return functions; }

child_process& push_subprocess(lua_State* L, int signal_on_gcreaper) {
  auto& object = lua::push_new<subprocess>(L);
  object.child = std::make_shared<child_process>(fiber::vm::of(L).io(), signal_on_gcreaper);
  return *object.child;
}

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::subprocess>() {
  using namespace emilua::bindings;
  static const class_info info{.name = "subprocess", .methods = methods, .properties = properties};
  return info;
}
