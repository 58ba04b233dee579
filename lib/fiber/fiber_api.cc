// spawn, the fiber handle, and this_fiber.
#include <string>

#include "lib/fiber/globals.h"
#include "lib/fiber/suspend.h"
#include "lib/lua/core_error.h"
#include "lib/lua/error.h"

namespace emilua::fiber {

using lua::check;
using lua::core_errc;

// What `spawn` returns. The fiber is ours until it is joined or detached.
struct handle {
  explicit handle(vm* v) : owner(v) {}
  handle(const handle&) = delete;
  handle& operator=(const handle&) = delete;

  vm* owner;
  fiber* target = nullptr;
  bool joining = false;      // a join waits
  bool joined = false;       // a join has completed,
  bool interrupted = false;  // with `interrupted` as the fiber's last error

  ~handle() {
    if (target != nullptr && !joining) let_go();
  }

  void let_go() {
    fiber& f = *std::exchange(target, nullptr);
    if (f.state != fiber_state::finished) {
      f.owner = fiber_owner::detached;
      return;
    }
    if (f.status != 0) owner->report_panic(f);
    owner->release(f);
  }
};

}  // namespace emilua::fiber

namespace emilua::lua {
template <>
const class_info& class_of<fiber::handle>();
}

namespace emilua::fiber {
namespace {

// Moves (true, results…) or (false, error) of a finished fiber to `to`; returns their number.
int move_results(fiber& finished, lua_State* to, bool& interrupted) {
  luaL_checkstack(to, 8, "results");
  if (finished.status != 0) {
    lua_pushboolean(to, 0);
    lua_rawgeti(to, LUA_REGISTRYINDEX, finished.error_ref);
    interrupted = lua::is_error(to, -1, core_errc::interrupted);
    if (!interrupted) return 2;
    lua_pop(to, 2);
    lua_pushboolean(to, 1);
    return 1;
  }
  const int n = lua_gettop(finished.L);
  if (lua_checkstack(to, n + 1) == 0) {
    lua_pushboolean(to, 0);
    lua_pushliteral(to, "too many results to join");
    return 2;
  }
  lua_pushboolean(to, 1);
  lua_xmove(finished.L, to, n);
  return n + 1;
}

handle& check_joinable(lua_State* L) {
  handle& self = check<handle>(L, 1);
  if (self.target == nullptr || self.joining) lua::raise_argument(L, 1);
  return self;
}

int join(lua_State* L) {
  vm& v = vm::of(L);
  fiber& me = v.check_suspension(L);
  handle& self = check_joinable(L);
  fiber& target = *self.target;
  if (&target == &me) lua::raise(L, std::errc::resource_deadlock_would_occur);
  if (target.state == fiber_state::finished) {
    const int n = move_results(target, L, self.interrupted);
    self.joined = true;
    v.release(*std::exchange(self.target, nullptr));
    return n;
  }
  self.joining = true;
  target.owner = fiber_owner::joiner;
  target.joiner = &me;
  me.joining = &target;
  // The handle stays on the stack of the joiner, where it cannot be collected.
  target.join_handle = &self;
  if (me.interruption_disabled == 0) {
    me.on_interrupt = [](fiber& joiner) {
      fiber& joined = *std::exchange(joiner.joining, nullptr);
      joined.owner = fiber_owner::handle;
      joined.joiner = nullptr;
      handle& h = *static_cast<handle*>(std::exchange(joined.join_handle, nullptr));
      h.joining = false;
      h.owner->wake_with_error(joiner, core_errc::interrupted);
    };
  }
  return v.park(L);
}

int detach(lua_State* L) {
  check_joinable(L).let_go();
  return 0;
}

int interrupt(lua_State* L) {
  const handle& self = check<handle>(L, 1);
  if (self.target != nullptr) vm::of(L).request_interruption(*self.target);
  return 0;
}

int interruption_caught(lua_State* L) {
  const handle& self = check<handle>(L, 1);
  if (!self.joined) lua::raise(L, std::errc::invalid_argument);
  lua_pushboolean(L, self.interrupted);
  return 1;
}

int joinable(lua_State* L) {
  const handle& self = check<handle>(L, 1);
  lua_pushboolean(L, self.target != nullptr && !self.joining);
  return 1;
}

const lua::class_method handle_methods[] = {
    {"join", join, true}, {"detach", detach}, {"interrupt", interrupt}};
const lua::class_property handle_properties[] = {{"interruption_caught", interruption_caught},
                                                 {"joinable", joinable}};

int spawn(lua_State* L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  vm& v = vm::of(L);
  lua_settop(L, 1);
  handle& h = lua::push_new<handle>(L, &v);
  lua_insert(L, 1);
  fiber& f = v.new_fiber(L, fiber_kind::spawned);
  if (const fiber* parent = v.current()) f.module = parent->module;
  h.target = &f;
  v.make_ready(f);
  return 1;
}

// --- this_fiber -----------------------------------------------------------

fiber& running(lua_State* L) {
  fiber* f = vm::of(L).current();
  if (f == nullptr) lua::raise_text(L, "no fiber is running");
  return *f;
}

int yield(lua_State* L) {
  vm& v = vm::of(L);
  v.check_suspension(L);
  return v.yield(L);
}

int forbid_suspend(lua_State* L) {
  ++running(L).suspension_forbidden;
  return 0;
}

int allow_suspend(lua_State* L) {
  fiber& f = running(L);
  if (f.suspension_forbidden == 0) lua::raise(L, core_errc::suspension_already_allowed);
  --f.suspension_forbidden;
  return 0;
}

int disable_interruption(lua_State* L) {
  ++running(L).interruption_disabled;
  return 0;
}

int restore_interruption(lua_State* L) {
  fiber& f = running(L);
  if (f.interruption_disabled == 0) lua::raise(L, core_errc::interruption_already_allowed);
  --f.interruption_disabled;
  return 0;
}

int is_main(lua_State* L) {
  lua_pushboolean(L, running(L).kind != fiber_kind::spawned);
  return 1;
}

// Module fibers share the table and the id of the fiber that imports them.
fiber& visible(lua_State* L) {
  fiber* f = &running(L);
  while (f->kind == fiber_kind::module) f = f->joiner;
  return *f;
}

int local(lua_State* L) {
  fiber& f = visible(L);
  if (f.local_ref == LUA_NOREF) {
    lua_newtable(L);
    f.local_ref = luaL_ref(L, LUA_REGISTRYINDEX);
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, f.local_ref);
  return 1;
}

int id(lua_State* L) {
  lua::push_text(L, std::to_string(visible(L).serial));
  return 1;
}

const lua::class_method this_fiber_functions[] = {
    {"yield", yield, true},
    {"forbid_suspend", forbid_suspend},
    {"allow_suspend", allow_suspend},
    {"disable_interruption", disable_interruption},
    {"restore_interruption", restore_interruption},
};
const lua::class_property this_fiber_properties[] = {
    {"is_main", is_main}, {"local_", local}, {"id", id}};

const lua::class_info this_fiber_class{.name = "this_fiber",
                                       .methods = this_fiber_functions,
                                       .properties = this_fiber_properties,
                                       .unknown_write = lua::on_write::eperm};

}  // namespace

void wake_joiner(vm& v, fiber& finished) {
  fiber& joiner = *finished.joiner;
  handle& h = *static_cast<handle*>(finished.join_handle);
  joiner.joining = nullptr;
  h.joining = false;
  h.joined = true;
  h.target = nullptr;
  const int n = move_results(finished, joiner.L, h.interrupted);
  v.release(finished);
  v.wake(joiner, n, /*first=*/true);
}

void push_spawn(lua_State* L) { lua_pushcfunction(L, spawn); }

void push_this_fiber(lua_State* L) { lua::push_singleton(L, this_fiber_class); }

}  // namespace emilua::fiber

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::fiber::handle>() {
  using namespace emilua::fiber;
  static const class_info info{
      .name = "fiber", .methods = handle_methods, .properties = handle_properties};
  return info;
}
