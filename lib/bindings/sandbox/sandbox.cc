#include "lib/bindings/sandbox/sandbox.h"

#include <luajit.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/unique_fd.h"
#include "lib/bindings/sandbox/box.h"
#include "lib/bindings/sandbox/box_caller.h"
#include "lib/bindings/sandbox/boxed_plan.h"
#include "lib/bindings/sandbox/clauses.h"
#include "lib/bindings/sandbox/handshake.h"
#include "lib/bindings/sandbox/policy_table.h"
#include "lib/bindings/sandbox/restrict_engine.h"
#include "lib/fiber/suspend.h"
#include "lib/fiber/vm.h"
#include "lib/lua/error.h"
#include "lib/sandbox/filter_cache.h"
#include "lib/sandbox/id_map.h"
#include "lib/sandbox/policy_restrict.h"
#include "lib/sandbox/support.h"

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::boxed_plan>() {
  static const class_info info{.name = "sandbox.plan"};
  return info;
}

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::sandbox::filter_cache>() {
  static const class_info info{.name = "sandbox.filters"};
  return info;
}

namespace emilua::bindings {
namespace {

// --- plans -----------------------------------------------------------------

constexpr char filters_key = 0;  // its address

// The VM's own, made on first use.
sandbox::filter_cache& filters_of(lua_State* L) {
  lua_pushlightuserdata(L, const_cast<char*>(&filters_key));
  lua_rawget(L, LUA_REGISTRYINDEX);
  auto* filters = lua::to<sandbox::filter_cache>(L, -1);
  if (filters == nullptr) {
    lua_pushlightuserdata(L, const_cast<char*>(&filters_key));
    filters = &lua::push_new<sandbox::filter_cache>(L);
    lua_rawset(L, LUA_REGISTRYINDEX);
  }
  lua_pop(L, 1);
  return *filters;
}

}  // namespace

sandbox::plan make_plan(lua_State* L, const sandbox::policy& policy,
                        sandbox::plan_context context) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  context.uid = ::geteuid();
  context.gid = ::getegid();
  context.descriptor_limit = files.rlim_max;
  context.filters = &filters_of(L);
  if (policy.user.map.kind != sandbox::id_map_kind::self)
    context.ids = sandbox::find_mappable_ids(context.uid);
  // Tried out once: it does not change while a process lives, and if it does, handshake() says so.
  static const sandbox::support here = sandbox::probe();
  auto made = sandbox::make_plan(policy, here, context);
  if (!made) raise_clause(L, std::errc::not_supported, made.error());
  return std::move(*made);
}

namespace {

sandbox::plan make_actor_plan(lua_State* L, const sandbox::policy& policy) {
  return make_plan(L, policy, {.who = sandbox::subject::actor});
}

// --- box -------------------------------------------------------------------

int new_box(lua_State* L) {
  if (lua_isnoneornil(L, 1)) {
    lua_settop(L, 0);
    lua_newtable(L);
  } else if (!lua_istable(L, 1)) {
    lua::raise_argument(L, 1);
  }
  auto& self = lua::push_new<box>(L);
  auto read = read_policy_table(L, 1);
  if (!read) raise_clause(L, std::errc::invalid_argument, read.error());
  self.policy = std::move(read->policy);
  self.descriptors = std::move(read->descriptors);
  return 1;
}

// Pushes a table with the fields of the one at `index`, which may be nil.
void push_copy(lua_State* L, int index) {
  lua_newtable(L);
  if (!lua_istable(L, index)) return;
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -4);
  }
}

void push_plan(lua_State* L, const box& self, std::shared_ptr<handshake_in_progress> talk,
               base::unique_fd handshake) {
  auto& out = lua::push_new<boxed_plan>(L);
  const sandbox::plan& plan = talk->plan;
  out.plan = plan;
  out.handshake = std::move(handshake);
  out.sources = self.descriptors;
  out.environment = self.policy.env;
  out.jit = plan.promises.contains(sandbox::promise::prot_exec);
  out.children = plan.promises.contains(sandbox::promise::proc);
  out.talk = std::move(talk);
}

// Pushes the options for spawn_vm: those of the table at `opts`, or nil, and the module at 2.
std::shared_ptr<handshake_in_progress> push_context(lua_State* L, const box& self, int opts) {
  if (lua_type(L, 2) != LUA_TSTRING) lua::raise_argument(L, 2);
  if (!lua_isnoneornil(L, opts) && !lua_istable(L, opts)) lua::raise_argument(L, opts);
  lua_settop(L, opts);
  push_copy(L, opts);
  const int context = lua_gettop(L);
  lua_pushvalue(L, 2);
  lua_setfield(L, context, "module");
  lua_getfield(L, context, "subprocess");
  if (!lua_isnil(L, -1) && !lua_istable(L, -1)) lua::raise_argument(L, opts);
  push_copy(L, lua_gettop(L));
  auto talk = std::make_shared<handshake_in_progress>(fiber::vm::of(L).io(),
                                                      make_actor_plan(L, self.policy));
  auto theirs = talk->begin();
  if (!theirs) lua::raise(L, theirs.error());
  push_plan(L, self, talk, std::move(*theirs));
  lua_setfield(L, -2, "sandbox");
  lua_setfield(L, context, "subprocess");
  lua_settop(L, context);
  return talk;
}

int context(lua_State* L) {
  auto& self = lua::check<box>(L, 1);
  self.pending = push_context(L, self, 3);
  return 1;
}

std::chrono::nanoseconds duration_of(double seconds) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double>(seconds));
}

bool is_duration(double seconds) { return seconds >= 0 && seconds <= 1e9; }

// The time that the options of a call leave for all of it, if they do.
std::optional<std::chrono::nanoseconds> check_timeout(lua_State* L, int options) {
  lua_getfield(L, options, "timeout");
  if (lua_isnil(L, -1)) return std::nullopt;
  const double seconds = lua_tonumber(L, -1);
  if (lua_type(L, -1) != LUA_TNUMBER || !is_duration(seconds)) lua::raise_argument(L, "timeout");
  return duration_of(seconds);
}

int call(lua_State* L) {
  constexpr int argument = 3, opts = 4;
  fiber::vm::of(L).check_suspension(L);
  auto& self = lua::check<box>(L, 1);
  auto talk = push_context(L, self, opts);
  const int options = lua_gettop(L);
  const auto timeout = check_timeout(L, options);
  auto* const caller = fiber::vm::of(L).process().find<box_caller>();
  if (caller == nullptr) lua::raise(L, std::errc::no_child_process);
  self.last = talk->report;
  return caller->call(L, {options, argument, std::move(talk), timeout});
}

constexpr double default_patience = 10;

std::chrono::nanoseconds check_patience(lua_State* L) {
  const double seconds = lua_isnoneornil(L, 2) ? default_patience : lua::check_number(L, 2);
  if (!is_duration(seconds)) lua::raise_argument(L, 2);
  return duration_of(seconds);
}

int handshake(lua_State* L) {
  const auto patience = check_patience(L);
  const auto executor = fiber::vm::of(L).executor();
  fiber::vm::of(L).check_suspension(L);
  auto& self = lua::check<box>(L, 1);
  const auto talk = std::exchange(self.pending, nullptr);
  if (!talk) lua::raise(L, std::make_error_code(std::errc::not_connected));
  self.last = talk->report;
  return fiber::await(
      L,
      [&](auto handler) {
        talk->patience.expires_after(patience);
        talk->patience.async_wait(
            boost::asio::bind_executor(executor, [talk](std::error_code error) {
              if (error) return;
              talk->late = true;
              talk->socket.cancel();
            }));
        listen(talk, std::move(handler));
      },
      [talk](lua_State* R) {
        if (push_if_not_ready(R, *talk)) return fiber::raise_value;
        push_report(R, talk->report->clauses);
        return 1;
      });
}

int explain(lua_State* L) {
  const auto& self = lua::check<box>(L, 1);
  const std::string_view format = lua_isnoneornil(L, 2) ? "text" : lua::to_text(L, 2);
  if (format != "text" && format != "json") lua::raise_argument(L, 2);
  const sandbox::plan made = make_actor_plan(L, self.policy);
  lua::push_text(L, format == "json" ? sandbox::explain_json(made) : sandbox::explain(made));
  return 1;
}

// The policy that is, or is spelled by, the argument.
written_policy check_policy(lua_State* L, int index) {
  if (lua_istable(L, index)) {
    auto read = read_policy_table(L, index);
    if (!read) raise_clause(L, std::errc::invalid_argument, read.error());
    return std::move(*read);
  }
  const auto* given = lua::to<box>(L, index);
  if (given == nullptr) lua::raise_argument(L, index);
  return {given->policy, given->descriptors};
}

// A box for what both policies permit.
int restrict(lua_State* L) {
  const auto& self = lua::check<box>(L, 1);
  const written_policy other = check_policy(L, 2);
  auto both = sandbox::restrict(self.policy, other.policy);
  if (!both) raise_clause(L, std::errc::invalid_argument, both.error());
  auto& out = lua::push_new<box>(L);
  out.policy = std::move(*both);
  out.descriptors = self.descriptors;
  out.descriptors.insert(out.descriptors.end(), other.descriptors.begin(), other.descriptors.end());
  return 1;
}

int policy(lua_State* L) {
  push_policy_table(L, lua::check<box>(L, 1).policy);
  return 1;
}

int report(lua_State* L) {
  const auto& self = lua::check<box>(L, 1);
  if (self.last && self.last->in_force)
    push_report(L, self.last->clauses);
  else
    lua_pushnil(L);
  return 1;
}

const lua::class_method methods[] = {{"context", context},    {"handshake", handshake, true},
                                     {"spawn", spawn_in_box}, {"call", call, true},
                                     {"explain", explain},    {"restrict", restrict}};
const lua::class_property properties[] = {{"policy", policy}, {"report", report}};

// --- this process ----------------------------------------------------------

// Machine code that exists stays, and cannot be changed any more: there must be none.
void forbid_machine_code(lua_State* L) {
  fiber::context& process = fiber::vm::of(L).process();
  if (process.vm_count() > 1)
    raise_clause(L, std::errc::device_or_resource_busy,
                 {"jit",
                  "other actors of this process may run machine code: restrict it before "
                  "they start, or grant jit"});
  process.forbid_machine_code();
  luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
  luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_FLUSH);
}

[[noreturn]] void raise_failure(lua_State* L, const restriction_failure& failure) {
  push_clause(L, failure.code, failure.fault.where, failure.fault.what);
  lua_error(L);
  __builtin_unreachable();
}

int restrict_self(lua_State* L) {
  fiber::vm& v = fiber::vm::of(L);
  if (!v.is_master()) lua::raise(L, std::errc::operation_not_permitted);
  const auto plan = plan_for_engine(check_policy(L, 1).policy);
  if (!plan) raise_failure(L, plan.error());
  if (!plan->promises.contains(sandbox::promise::prot_exec)) forbid_machine_code(L);
  const auto done = restrict_engine(*plan, v.process().find<sandbox::companion>());
  if (!done) raise_failure(L, done.error());
  push_report(L, plan->report);
  return 1;
}

// --- the module ------------------------------------------------------------

int support(lua_State* L) {
  const sandbox::support here = sandbox::probe();
  lua_newtable(L);
  lua_pushinteger(L, here.landlock_abi);
  lua_setfield(L, -2, "landlock_abi");
  lua_pushboolean(L, here.filters);
  lua_setfield(L, -2, "seccomp");
  lua_newtable(L);
  for (const sandbox::named_namespace& kind : sandbox::namespace_kinds()) {
    lua::push_text(L, kind.name);
    lua_pushboolean(L, here.error_of(kind.flag) == 0);
    lua_rawset(L, -3);
  }
  lua_setfield(L, -2, "namespaces");
  lua_newtable(L);
  for (const char* const controller : {"memory", "pids", "cpu", "io"}) {
    lua_pushboolean(L, std::ranges::find(here.controllers, controller) != here.controllers.end());
    lua_setfield(L, -2, controller);
  }
  lua_setfield(L, -2, "cgroup");
  return 1;
}

}  // namespace

void push_sandbox(lua_State* L) {
  lua_newtable(L);
  lua_pushcfunction(L, new_box);
  lua_setfield(L, -2, "new");
  lua_pushcfunction(L, support);
  lua_setfield(L, -2, "support");
  lua_pushcfunction(L, restrict_self);
  lua_setfield(L, -2, "restrict_self");
}

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::box>() {
  using namespace emilua::bindings;
  static const class_info info{.name = "sandbox.box",
                               .methods = methods,
                               .properties = properties,
                               .unknown_write = on_write::eperm};
  return info;
}
