#include "lib/actor/spawn_vm.h"

#include <sched.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "lib/actor/channel.h"
#include "lib/actor/children.h"
#include "lib/actor/inbox.h"
#include "lib/actor/local_channel.h"
#include "lib/actor/spawn_helper.h"
#include "lib/actor/spawn_process.h"
#include "lib/bindings/io/file_descriptor.h"
#include "lib/bindings/sandbox/clauses.h"
#include "lib/fiber/module_closure.h"
#include "lib/fiber/module_loader.h"
#include "lib/fiber/module_name.h"
#include "lib/fiber/vm.h"
#include "lib/ipc/seqpacket.h"
#include "lib/lua/core_error.h"
#include "lib/lua/error.h"
#include "lib/sandbox/compiled_plan.h"
#include "lib/sandbox/launch.h"

namespace emilua::actor {
namespace {

using lua::core_errc;

constexpr const char* stdio_names[] = {"stdin", "stdout", "stderr"};

// In the order in which they are checked.
constexpr struct {
  const char* name;
  std::uint64_t flag;
} namespaces[] = {
    {"newns_uts", CLONE_NEWUTS},       {"newns_ipc", CLONE_NEWIPC}, {"newns_pid", CLONE_NEWPID},
    {"newns_user", CLONE_NEWUSER},     {"newns_net", CLONE_NEWNET}, {"newns_mount", CLONE_NEWNS},
    {"newns_cgroup", CLONE_NEWCGROUP},
};

std::string option_name(std::string_view name) { return "subprocess/" + std::string{name}; }

[[noreturn]] void refuse(lua_State* L, const std::string& option) {
  lua::raise_argument(L, option);
}

// The descriptor of a file_descriptor; EINVAL with arg = option for anything else, EBUSY with the
// same while an operation uses it.
int check_descriptor(lua_State* L, int index, const std::string& option) {
  const auto* object = lua::to<bindings::file_descriptor>(L, index);
  if (object == nullptr) refuse(L, option);
  if (object->is_busy())
    lua::raise(L, std::make_error_code(std::errc::device_or_resource_busy), {"arg", option});
  return object->number();
}

void read_namespaces(lua_State* L, int subprocess, spawn_options& out) {
  for (const auto& [name, flag] : namespaces) {
    lua_getfield(L, subprocess, name);
    if (!lua_isnil(L, -1) && !lua_isboolean(L, -1)) refuse(L, option_name(name));
    if (lua_toboolean(L, -1) != 0) out.namespaces |= flag;
    lua_pop(L, 1);
  }
}

void read_stdio(lua_State* L, int subprocess, spawn_options& out) {
  for (int i = 0; i < 3; ++i) {
    lua_getfield(L, subprocess, stdio_names[i]);
    if (lua_type(L, -1) == LUA_TSTRING) {
      if (lua::to_text(L, -1) != "share") refuse(L, option_name(stdio_names[i]));
      out.stdio[i].mode = stdio_mode::share;
    } else if (!lua_isnil(L, -1)) {
      out.stdio[i] = {stdio_mode::given,
                      check_descriptor(L, lua_gettop(L), option_name(stdio_names[i]))};
    }
    lua_pop(L, 1);
  }
}

void read_environment(lua_State* L, int subprocess, spawn_options& out) {
  lua_getfield(L, subprocess, "environment");
  if (!lua_isnil(L, -1)) {
    if (!lua_istable(L, -1)) refuse(L, option_name("environment"));
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
      if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING)
        refuse(L, option_name("environment"));
      out.config.environment.emplace_back(lua::to_text(L, -2), lua::to_text(L, -1));
      lua_pop(L, 1);
    }
  }
  lua_pop(L, 1);
}

void read_init(lua_State* L, int subprocess, spawn_options& out) {
  lua_getfield(L, subprocess, "init");
  if (!lua_isnil(L, -1)) {
    if (!lua_istable(L, -1)) refuse(L, option_name("init"));
    lua_getfield(L, -1, "arg");
    if (!lua_isnil(L, -1))
      out.init_argument = check_descriptor(L, lua_gettop(L), option_name("init/arg"));
    lua_getfield(L, -2, "script");
    if (lua_type(L, -1) != LUA_TSTRING) refuse(L, option_name("init/script"));
    out.config.has_init_script = true;
    out.config.text_only = true;
    out.config.init_script = lua::to_text(L, -1);
    lua_pop(L, 2);
  }
  lua_pop(L, 1);
}

// What box:context() has made, for one actor.
void read_box(lua_State* L, int subprocess, spawn_options& out) {
  lua_getfield(L, subprocess, "sandbox");
  if (!lua_isnil(L, -1)) {
    auto* const box = lua::to<bindings::boxed_plan>(L, -1);
    const bool other_means = out.config.has_init_script || out.namespaces != 0;
    if (box == nullptr || !box->handshake || other_means) refuse(L, option_name("sandbox"));
    out.box = box;
    out.init_argument = box->handshake.get();
    out.namespaces = box->plan.cloned;
    out.wall_time = box->plan.wall_time.value_or(0);
    out.config.text_only = true;
    out.config.box = sandbox::compile(box->plan);
    out.config.jit = out.config.jit && box->jit;
    out.config.children = box->children;
    for (const auto& [name, value] : box->environment)
      out.config.environment.emplace_back(name, value);
  }
  lua_pop(L, 1);
}

// An option that is not understood might be one that was to take power away: unless it is switched
// off, it is refused, not passed over.
void refuse_unknown_options(lua_State* L, int table) {
  constexpr std::string_view known[] = {"stdin",       "stdout", "stderr",
                                        "environment", "init",   "sandbox"};
  const auto is_namespace = [](std::string_view name) {
    return std::ranges::any_of(namespaces, [&](const auto& n) { return name == n.name; });
  };
  lua_pushnil(L);
  while (lua_next(L, table) != 0) {
    const bool off = lua_isboolean(L, -1) && lua_toboolean(L, -1) == 0;
    lua_pop(L, 1);
    const std::string_view name = lua::to_text(L, -1);
    if (off || std::ranges::find(known, name) != std::end(known) || is_namespace(name)) continue;
    lua::raise(L, std::make_error_code(std::errc::not_supported),
               {"arg", option_name(name.data() != nullptr ? name : "?")});
  }
}

void read_subprocess(lua_State* L, int index, spawn_options& out) {
  refuse_unknown_options(L, index);
  read_namespaces(L, index, out);
  read_stdio(L, index, out);
  read_environment(L, index, out);
  read_init(L, index, out);
  read_box(L, index, out);
}

// --- the module -----------------------------------------------------------

struct entry_module {
  std::string path;
  std::string import_root;
};

// The function that has called spawn_vm.
constexpr int caller_level = 1;

// The file of the module that is named by `id`, as `require` would find it from the function at
// `level`.
entry_module find_module(lua_State* L, const std::string& id, int level) {
  fiber::vm& v = fiber::vm::of(L);
  const fiber::module_record* from = v.loader().importer(L, level);
  if (from == nullptr) lua::raise(L, core_errc::current_module_not_known);
  if (id == ".") return {from->path, from->import_root};
  const auto request = fiber::parse_module_name(id);
  if (!request) lua::raise(L, request.error(), {"module", id});
  if (request->kind == fiber::module_kind::external) lua::raise(L, core_errc::invalid_module_name);
  auto candidates = fiber::module_candidates(*request, *from);
  if (!candidates) lua::raise(L, candidates.error());
  std::erase_if(*candidates, fiber::is_category_path);
  const std::string* path = v.process().sources().first_existing(*candidates);
  if (path == nullptr) lua::raise(L, core_errc::module_not_found, {"module", request->name});
  return {*path, from->import_root};
}

// --- actors in processes of their own --------------------------------------

// The module, and with it everything that it is known to require. A name that starts with `/` is a
// file of the child's own.
void plan_shipping(lua_State* L, const std::string& id, int level, spawn_options& out) {
  if (id.starts_with('/')) {
    out.config.module = id;
    return;
  }
  const entry_module entry = find_module(L, id, level);
  out.config.module = entry.path;
  out.config.import_root = entry.import_root;
  auto closure =
      fiber::module_closure(entry.path, entry.import_root, fiber::vm::of(L).process().sources());
  if (!closure) lua::raise(L, closure.error(), {"path", entry.path});
  for (const fiber::shipped_module& module : *closure)
    out.config.sources.emplace_back(module.path, *module.source);
}

[[noreturn]] void raise_step(lua_State* L, std::error_code error, std::string_view step) {
  lua::raise(L, error, {"step", step});
}

[[noreturn]] void raise_failure(lua_State* L, const sandbox::launch_failure& failure) {
  using stage = sandbox::launch_failure::stage;
  if (failure.code == std::errc::no_child_process) lua::raise(L, failure.code);
  if (failure.where == stage::cgroup)
    bindings::push_cgroup_failure(L, failure.code, failure.what);
  else if (failure.where == stage::maps)
    bindings::push_maps_failure(L, failure.code, failure.what);
  else
    raise_step(L, failure.code, failure.what);
  lua_error(L);
  __builtin_unreachable();
}

bool wants_one_thread(lua_State* L, int options) {
  lua_getfield(L, options, "concurrency_hint");
  const bool one = lua_type(L, -1) == LUA_TNUMBER && lua_tonumber(L, -1) == 1;
  lua_pop(L, 1);
  return one;
}

}  // namespace

spawned_process start_process(lua_State* L, const spawn_options& options) {
  fiber::vm& v = fiber::vm::of(L);
  auto* helper = v.process().find<spawn_helper>();
  if (helper == nullptr) lua::raise(L, std::errc::no_child_process);
  auto ends = ipc::make_channel();
  if (!ends) raise_step(L, ends.error(), "socketpair");
  const auto config = send_config(options.config, ends->second.get());
  if (!config) raise_step(L, config.error(), "memfd_create");
  const spawn_request request{
      .stdio = {options.stdio[0], options.stdio[1], options.stdio[2]},
      .init_argument = options.init_argument,
      .inbox = ends->first.get(),
      .config = config->get(),
      .namespaces = options.namespaces,
      .wall_time = options.wall_time,
      .cgroup =
          options.box != nullptr && options.box->plan.cgroup ? &*options.box->plan.cgroup : nullptr,
      .with_helper = options.config.children && !options.config.has_init_script &&
                     options.namespaces == 0 && options.box == nullptr,
      .sources = options.box != nullptr ? options.box->plan.sources : std::span<const int>{},
  };
  auto child = helper->spawn(request);
  if (!child) raise_failure(L, child.error());
  if (options.box != nullptr) {
    // The child has its copy, whose end the host is to see.
    options.box->handshake.reset();
    const auto talk = std::exchange(options.box->talk, nullptr);
    const auto mapped =
        sandbox::map_ids(options.box->plan, child->pidfd.get(), talk->socket.native_handle());
    // Closing the line is the end of the child.
    if (!mapped) raise_failure(L, mapped.error());
  }
  auto process = v.extension<children>().add(std::move(*child));
  return {std::move(ends->second), std::move(process)};
}

spawn_options read_process(lua_State* L, int index, int level) {
  lua_getfield(L, index, "module");
  const std::string id{lua::to_text(L, -1)};
  const bool one_thread = wants_one_thread(L, index);
  lua_getfield(L, index, "subprocess");
  spawn_options options;
  options.config.text_only = fiber::vm::of(L).process().config().text_only;
  options.config.jit = fiber::vm::of(L).process().may_make_machine_code();
  options.config.jit = fiber::vm::of(L).process().may_make_machine_code();
  options.config.single_threaded = one_thread;
  read_subprocess(L, lua_gettop(L), options);
  plan_shipping(L, id, level, options);
  return options;
}

namespace {

// --- actors in this process ------------------------------------------------

struct local_options {
  bool own_pool = false;
  bool new_master = false;
  fiber::concurrency concurrency = fiber::concurrency::multiple;
};

int start_thread(lua_State* L, const std::string& id, const local_options& options) {
  fiber::vm& parent = fiber::vm::of(L);
  const entry_module entry = find_module(L, id, caller_level);
  const auto source = parent.process().sources().load(entry.path);
  if (!source) lua::raise(L, source.error(), {"path", entry.path});
  std::unique_ptr<fiber::pool> own;
  if (options.own_pool) own = std::make_unique<fiber::pool>(options.concurrency);
  std::optional<address> to;
  {
    const auto v = fiber::vm::create(parent.process(), own ? *own : parent.threads(),
                                     {.names = parent.config().names,
                                      .entry = fiber::vm::role::worker,
                                      .master = options.new_master});
    to.emplace(v->extension<inbox>().box());
    const std::string problem = v->start({.path = entry.path,
                                          .source = **source,
                                          .chunk_name = "@" + entry.path,
                                          .import_root = entry.import_root});
    if (!problem.empty()) {
      lua::raise(L, std::error_code{LUA_ERRSYNTAX, lua::script_category()}, {"message", problem});
    }
  }
  if (own) {
    if (const std::error_code error = parent.process().launch(std::move(own))) lua::raise(L, error);
  }
  if (options.new_master) parent.resign_as_master();
  push_local_channel(L, std::move(*to));
  return 1;
}

// --- spawn_vm --------------------------------------------------------------

// An option that is left out, or of another type, has its default.
std::optional<bool> read_boolean(lua_State* L, const char* option) {
  lua_getfield(L, 1, option);
  std::optional<bool> value;
  if (lua_isboolean(L, -1)) value = lua_toboolean(L, -1) != 0;
  lua_pop(L, 1);
  return value;
}

int spawn_vm(lua_State* L) {
  if (lua_type(L, 1) == LUA_TSTRING) return start_thread(L, std::string{lua::to_text(L, 1)}, {});
  if (!lua_istable(L, 1)) lua::raise_argument(L, 1);
  lua_settop(L, 1);
  lua_getfield(L, 1, "module");
  if (lua_isnil(L, -1)) lua::raise(L, core_errc::invalid_module_name);
  if (lua_type(L, -1) != LUA_TSTRING) lua::raise_argument(L, "module");
  const std::string id{lua::to_text(L, -1)};
  const std::optional<bool> inherit = read_boolean(L, "inherit_context");
  const std::optional<bool> new_master = read_boolean(L, "new_master");
  if (new_master == true && !fiber::vm::of(L).is_master())
    lua::raise(L, std::errc::operation_not_permitted);
  const bool one_thread = wants_one_thread(L, 1);
  lua_getfield(L, 1, "subprocess");
  if (lua_isnil(L, -1)) {
    return start_thread(
        L, id,
        {.own_pool = inherit == false,
         .new_master = new_master == true,
         .concurrency = one_thread ? fiber::concurrency::single : fiber::concurrency::multiple});
  }
  if (!lua_istable(L, -1)) lua::raise_argument(L, "subprocess");
  // Both belong to actors inside this process; with `subprocess` even the default is refused.
  if (inherit || new_master) lua::raise_argument(L, 1);
  auto process = start_process(L, read_process(L, 1, caller_level));
  push_channel(L, std::move(process.channel), std::move(process.child));
  return 1;
}

}  // namespace

void push_spawn_vm(lua_State* L) { lua_pushcfunction(L, spawn_vm); }

}  // namespace emilua::actor
