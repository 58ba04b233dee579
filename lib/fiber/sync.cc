#include "lib/fiber/sync.h"

#include <limits>
#include <memory>
#include <utility>

#include "lib/fiber/vm.h"
#include "lib/lua/class.h"
#include "lib/lua/core_error.h"
#include "lib/lua/error.h"

namespace emilua::fiber {

using lua::check;
using lua::core_errc;

struct mutex {
  bool locked = false;
  fiber_queue waiters;
};

struct recursive_mutex {
  std::uint64_t owner = 0;  // the fiber's serial; 0: free
  std::uint32_t depth = 0;
  fiber_queue waiters;
};

struct condition_variable {
  fiber_queue waiters;
};

// What promise and future share. Whoever waits holds it through the future on its stack.
struct future_state {
  explicit future_state(vm& v) : owner(v) {}
  future_state(const future_state&) = delete;
  future_state& operator=(const future_state&) = delete;
  ~future_state() {
    if (!owner.closed()) luaL_unref(owner.state(), LUA_REGISTRYINDEX, value_ref);
  }

  enum class outcome { pending, value, error, broken };

  vm& owner;
  outcome settled = outcome::pending;
  int value_ref = LUA_NOREF;
  fiber_queue waiters;
};

struct promise {
  explicit promise(std::shared_ptr<future_state> s) : state(std::move(s)) {}
  promise(const promise&) = delete;
  promise& operator=(const promise&) = delete;
  ~promise();

  std::shared_ptr<future_state> state;
};

struct future {
  std::shared_ptr<future_state> state;
};

}  // namespace emilua::fiber

namespace emilua::lua {
template <>
const class_info& class_of<fiber::mutex>();
template <>
const class_info& class_of<fiber::recursive_mutex>();
template <>
const class_info& class_of<fiber::condition_variable>();
template <>
const class_info& class_of<fiber::promise>();
template <>
const class_info& class_of<fiber::future>();
}  // namespace emilua::lua

namespace emilua::fiber {
namespace {

fiber& pop_front(fiber_queue& queue) {
  fiber& first = queue.front();
  queue.pop_front();
  first.waiting_for = nullptr;
  first.deadlock = nullptr;
  return first;
}

// Parks the running fiber at the end of `queue`.
int park_in(lua_State* L, fiber_queue& queue, void* object, const char* deadlock) {
  vm& v = vm::of(L);
  fiber& me = *v.current();
  me.waiting_for = object;
  me.deadlock = deadlock;
  queue.push_back(me);
  return v.park(L);
}

// Wakes a fiber with the result that it was to get once it had the mutex.
void wake_owner(vm& v, fiber& f) {
  if (const std::error_code error = std::exchange(f.wait_result, {}))
    v.wake_with_error(f, error);
  else
    v.wake(f, 0);
}

int immediately(lua_State* L) {
  lua_pushboolean(L, 1);
  return 1;
}

// --- mutex ----------------------------------------------------------------

int mutex_new(lua_State* L) {
  lua::push_new<mutex>(L);
  return 1;
}

int mutex_lock(lua_State* L) {
  auto& self = check<mutex>(L, 1);
  vm::of(L).check_suspension(L, /*interruptible=*/false);
  if (!std::exchange(self.locked, true)) return immediately(L);
  return park_in(L, self.waiters, &self, "mutex");
}

int mutex_try_lock(lua_State* L) {
  lua_pushboolean(L, !std::exchange(check<mutex>(L, 1).locked, true));
  return 1;
}

// The oldest waiter becomes the owner; the mutex is never free in between.
void release(vm& v, mutex& m) {
  if (m.waiters.empty())
    m.locked = false;
  else
    wake_owner(v, pop_front(m.waiters));
}

int mutex_unlock(lua_State* L) {
  auto& self = check<mutex>(L, 1);
  if (!self.locked) lua::raise(L, std::errc::operation_not_permitted);
  release(vm::of(L), self);
  return 0;
}

const lua::class_method mutex_methods[] = {
    {"lock", mutex_lock, true}, {"try_lock", mutex_try_lock}, {"unlock", mutex_unlock}};

// --- recursive_mutex ------------------------------------------------------

int recursive_new(lua_State* L) {
  lua::push_new<recursive_mutex>(L);
  return 1;
}

// Whether `f` has got it, for the first time or once more.
bool acquire(lua_State* L, recursive_mutex& m, const fiber& f) {
  if (m.owner != 0 && m.owner != f.serial) return false;
  if (m.depth == std::numeric_limits<std::uint32_t>::max())
    lua::raise(L, std::errc::value_too_large);
  m.owner = f.serial;
  ++m.depth;
  return true;
}

int recursive_lock(lua_State* L) {
  auto& self = check<recursive_mutex>(L, 1);
  const fiber& me = vm::of(L).check_suspension(L, /*interruptible=*/false);
  if (acquire(L, self, me)) return immediately(L);
  return park_in(L, self.waiters, &self, nullptr);
}

int recursive_try_lock(lua_State* L) {
  auto& self = check<recursive_mutex>(L, 1);
  const fiber* me = vm::of(L).current();
  lua_pushboolean(L, me != nullptr && acquire(L, self, *me));
  return 1;
}

int recursive_unlock(lua_State* L) {
  auto& self = check<recursive_mutex>(L, 1);
  vm& v = vm::of(L);
  const fiber* me = v.current();
  if (self.owner == 0 || me == nullptr || self.owner != me->serial)
    lua::raise(L, std::errc::operation_not_permitted);
  if (--self.depth != 0) return 0;
  self.owner = 0;
  if (self.waiters.empty()) return 0;
  fiber& next = pop_front(self.waiters);
  self.owner = next.serial;
  self.depth = 1;
  v.wake(next, 0);
  return 0;
}

const lua::class_method recursive_methods[] = {
    {"lock", recursive_lock, true}, {"try_lock", recursive_try_lock}, {"unlock", recursive_unlock}};

// --- condition_variable ---------------------------------------------------

int condition_new(lua_State* L) {
  lua::push_new<condition_variable>(L);
  return 1;
}

// A waiter, taken out of the condition's queue, goes on once it has its mutex again: argument 2 of
// the call in which it is parked.
void reacquire(vm& v, fiber& f, std::error_code result) {
  auto& m = *static_cast<mutex*>(std::exchange(f.held_mutex, nullptr));
  f.on_interrupt = nullptr;
  f.wait_result = result;
  if (!std::exchange(m.locked, true)) return wake_owner(v, f);
  f.waiting_for = &m;
  f.deadlock = "mutex";
  m.waiters.push_back(f);
}

void interrupt_wait(fiber& f) {
  auto& self = *static_cast<condition_variable*>(f.waiting_for);
  self.waiters.erase(self.waiters.iterator_to(f));
  reacquire(vm::of(f.L), f, core_errc::interrupted);
}

int condition_wait(lua_State* L) {
  auto& self = check<condition_variable>(L, 1);
  auto& m = check<mutex>(L, 2);
  if (!m.locked) lua::raise(L, std::errc::operation_not_permitted);
  vm& v = vm::of(L);
  fiber& me = v.check_suspension(L);
  me.held_mutex = &m;
  if (me.interruption_disabled == 0) me.on_interrupt = interrupt_wait;
  release(v, m);
  return park_in(L, self.waiters, &self, nullptr);
}

int notify_one(lua_State* L) {
  auto& self = check<condition_variable>(L, 1);
  if (!self.waiters.empty()) reacquire(vm::of(L), pop_front(self.waiters), {});
  return 0;
}

int notify_all(lua_State* L) {
  auto& self = check<condition_variable>(L, 1);
  while (!self.waiters.empty()) reacquire(vm::of(L), pop_front(self.waiters), {});
  return 0;
}

const lua::class_method condition_methods[] = {
    {"wait", condition_wait, true}, {"notify_one", notify_one}, {"notify_all", notify_all}};

// --- future ---------------------------------------------------------------

// Pushes (true, value) or (false, error) of a settled state; returns their number.
int push_outcome(lua_State* L, const future_state& state) {
  luaL_checkstack(L, 8, "future");
  lua_pushboolean(L, state.settled == future_state::outcome::value);
  if (state.settled == future_state::outcome::broken)
    lua::push(L, core_errc::broken_promise);
  else
    lua_rawgeti(L, LUA_REGISTRYINDEX, state.value_ref);
  return 2;
}

void settle(future_state& state, future_state::outcome outcome) {
  state.settled = outcome;
  while (!state.waiters.empty()) {
    fiber& f = pop_front(state.waiters);
    state.owner.hand_over(f, push_outcome(state.owner.state(), state));
  }
}

int future_new(lua_State* L) {
  auto state = std::make_shared<future_state>(vm::of(L));
  lua::push_new<promise>(L, state);
  lua::push_new<future>(L, future{std::move(state)});
  return 2;
}

int set(lua_State* L, future_state::outcome outcome) {
  future_state& state = *check<promise>(L, 1).state;
  lua_settop(L, 2);
  if (outcome == future_state::outcome::error && lua_isnil(L, 2)) lua::raise_argument(L, 2);
  if (state.settled != future_state::outcome::pending)
    lua::raise(L, core_errc::promise_already_satisfied);
  state.value_ref = luaL_ref(L, LUA_REGISTRYINDEX);
  settle(state, outcome);
  return 0;
}

int set_value(lua_State* L) { return set(L, future_state::outcome::value); }
int set_error(lua_State* L) { return set(L, future_state::outcome::error); }

void interrupt_get(fiber& f) {
  auto& state = *static_cast<future_state*>(f.waiting_for);
  state.waiters.erase(state.waiters.iterator_to(f));
  f.waiting_for = nullptr;
  f.deadlock = nullptr;
  state.owner.wake_with_error(f, core_errc::interrupted);
}

int future_get(lua_State* L) {
  future_state& state = *check<future>(L, 1).state;
  fiber& me = vm::of(L).check_suspension(L);
  if (state.settled != future_state::outcome::pending) return push_outcome(L, state);
  if (me.interruption_disabled == 0) me.on_interrupt = interrupt_get;
  return park_in(L, state.waiters, &state, "future");
}

const lua::class_method promise_methods[] = {{"set_value", set_value}, {"set_error", set_error}};
const lua::class_method future_methods[] = {{"get", future_get, true}};

// --- modules --------------------------------------------------------------

const lua::class_method mutex_functions[] = {{"new", mutex_new}};
const lua::class_method recursive_functions[] = {{"new", recursive_new}};
const lua::class_method condition_functions[] = {{"new", condition_new}};
const lua::class_method future_functions[] = {{"new", future_new}};

// Their unknown members raise, and they are not to be written to.
const lua::class_info mutex_module{
    .name = "mutex", .methods = mutex_functions, .unknown_write = lua::on_write::eperm};
const lua::class_info recursive_module{.name = "recursive_mutex",
                                       .methods = recursive_functions,
                                       .unknown_write = lua::on_write::eperm};
const lua::class_info condition_module{.name = "condition_variable",
                                       .methods = condition_functions,
                                       .unknown_write = lua::on_write::eperm};

}  // namespace

promise::~promise() {
  if (!state->owner.closed() && state->settled == future_state::outcome::pending)
    settle(*state, future_state::outcome::broken);
}

void push_mutex(lua_State* L) { lua::push_singleton(L, mutex_module); }
void push_recursive_mutex(lua_State* L) { lua::push_singleton(L, recursive_module); }
void push_condition_variable(lua_State* L) { lua::push_singleton(L, condition_module); }
void push_future(lua_State* L) { lua::push_functions(L, future_functions); }

}  // namespace emilua::fiber

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::fiber::mutex>() {
  using namespace emilua::fiber;
  static const class_info info{.name = "mutex", .methods = mutex_methods};
  return info;
}

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::fiber::recursive_mutex>() {
  using namespace emilua::fiber;
  static const class_info info{.name = "recursive_mutex", .methods = recursive_methods};
  return info;
}

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::fiber::condition_variable>() {
  using namespace emilua::fiber;
  static const class_info info{.name = "condition_variable", .methods = condition_methods};
  return info;
}

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::fiber::promise>() {
  using namespace emilua::fiber;
  static const class_info info{.name = "promise", .methods = promise_methods};
  return info;
}

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::fiber::future>() {
  using namespace emilua::fiber;
  static const class_info info{.name = "future", .methods = future_methods};
  return info;
}
