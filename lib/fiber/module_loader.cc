#include "lib/fiber/module_loader.h"

#include <absl/cleanup/cleanup.h>

#include <filesystem>

#include "lib/fiber/globals.h"
#include "lib/fiber/path.h"
#include "lib/fiber/suspend.h"
#include "lib/lua/core_error.h"
#include "lib/lua/error.h"

namespace emilua::fiber {

using lua::core_errc;

namespace {

// The file, without the line that makes it executable.
std::string_view without_shebang(std::string_view source) {
  if (!source.starts_with('#')) return source;
  const auto end = source.find('\n');
  // The newline stays, so that line numbers are right.
  return end == source.npos ? std::string_view{} : source.substr(end);
}

// What the chunk is worth to others: its first result unless that is nil, else the globals of its
// fiber (its environment, unless it has called setfenv(0, t)).
void push_value(lua_State* L) {
  const bool has_result = lua_gettop(L) > 0 && !lua_isnil(L, 1);
  lua_pushvalue(L, has_result ? 1 : LUA_GLOBALSINDEX);
}

}  // namespace

module_record& module_loader::add_entry(const vm::entry_script& entry) {
  auto record = std::make_unique<module_record>();
  record->path = entry.path;
  record->import_root = entry.import_root.empty()
                            ? std::filesystem::path{entry.path}.parent_path().native()
                            : entry.import_root;
  const bool worker = vm_.config().entry == vm::role::worker;
  record->leaf = worker && is_leaf_path(entry.path);
  record->context = worker ? "worker" : vm_.process().config().test ? "test" : "main";
  return *(modules_[entry.path] = std::move(record));
}

void module_loader::push_environment(lua_State* L, module_record& module) {
  push_globals_copy(L);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "_G");
  push_path(L, module.path);
  lua_setfield(L, -2, "_FILE");
  lua::push_text(L, module.context);
  lua_setfield(L, -2, "_CONTEXT");
  lua_pushvalue(L, -1);
  module.environment_ref = luaL_ref(L, LUA_REGISTRYINDEX);
}

void module_loader::compile(lua_State* L, module_record& module, std::string_view source,
                            const std::string& chunk_name) {
  luaL_checkstack(L, 6, "module");
  source = without_shebang(source);
  const char* mode = vm_.process().config().text_only ? "t" : "bt";
  if (luaL_loadbufferx(L, source.data(), source.size(), chunk_name.c_str(), mode) != 0)
    lua_error(L);
  push_environment(L, module);
  lua_setfenv(L, -2);
}

fiber& module_loader::new_module_fiber(lua_State* L, fiber_kind kind, module_record& module) {
  fiber& f = vm_.new_fiber(L, kind);
  f.module = &module;
  // Code that the chunk compiles later (loadstring and the like) belongs to the module too.
  lua_rawgeti(f.L, LUA_REGISTRYINDEX, module.environment_ref);
  lua_replace(f.L, LUA_GLOBALSINDEX);
  if (!module.argument.empty()) {
    lua::push_text(f.L, module.argument);
    f.resume_args = 1;
  }
  return f;
}

void module_loader::set_loaded(fiber& f) {
  f.module->progress = module_record::state::loaded;
  luaL_checkstack(f.L, 2, "module");
  push_value(f.L);
  f.module->value_ref = luaL_ref(f.L, LUA_REGISTRYINDEX);
}

module_record* module_loader::importer(lua_State* L, int level) {
  lua_Debug frame;
  if (lua_getstack(L, level, &frame) != 0) {
    lua_getinfo(L, "f", &frame);
    lua_getfenv(L, -1);
    lua_getfield(L, -1, "_FILE");
    const std::string* path = to_path(L, -1);
    const auto it = path != nullptr ? modules_.find(*path) : modules_.end();
    const bool overwritten = path == nullptr && lua_istable(L, -2) && !lua_iscfunction(L, -3);
    lua_pop(L, 3);
    if (it != modules_.end()) return it->second.get();
    if (overwritten || path != nullptr) return nullptr;
  }
  return vm_.current() != nullptr ? vm_.current()->module : nullptr;
}

int module_loader::require(lua_State* L) {
  if (lua_type(L, 1) != LUA_TSTRING) lua::raise_type(L, 1, "string");
  const std::string id{lua::to_text(L, 1)};
  // Level 0 is this function, 1 the wrapper that every suspending function has.
  module_record* from = importer(L, 2);
  if (from == nullptr) lua::raise(L, core_errc::current_module_not_known);
  const fiber* f = vm_.current();
  if (f == nullptr || f->kind == fiber_kind::spawned)
    lua::raise(L, core_errc::only_main_fiber_may_import);
  const auto request = parse_module_name(id);
  if (!request) lua::raise(L, request.error(), {"module", id});
  if (request->kind == module_kind::external) {
    for (const builtin_module& module : vm_.config().names.modules)
      if (module.name == id) return require_builtin(L, module);
  }
  return require_file(L, *from, *request, id);
}

int module_loader::require_builtin(lua_State* L, const builtin_module& module) {
  lua_pushboolean(L, 1);
  if (const auto it = builtins_.find(&module); it != builtins_.end()) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, it->second);
    return 2;
  }
  if (module.push == nullptr)
    lua::raise(L, std::make_error_code(std::errc::function_not_supported), {"module", module.name});
  module.push(L);
  lua_pushvalue(L, -1);
  builtins_[&module] = luaL_ref(L, LUA_REGISTRYINDEX);
  return 2;
}

int module_loader::require_file(lua_State* L, module_record& from, const module_request& request,
                                std::string_view id) {
  const auto candidates = module_candidates(request, from);
  if (!candidates) lua::raise(L, candidates.error());
  if (const std::string* path = vm_.process().sources().first_existing(*candidates)) {
    if (is_category_path(*path) && !load_category(L, *path)) lua_error(L);
    return require_found(L, from, *path, from.import_root, id);
  }
  if (request.kind == module_kind::external) return require_external(L, from, request.name);
  lua::raise(L, core_errc::module_not_found, {"module", id});
}

int module_loader::require_external(lua_State* L, const module_record& from,
                                    const std::string& id) {
  const source_store& sources = vm_.process().sources();
  const context::options& config = vm_.process().config();
  const bool dotted = id.find('.') != std::string::npos;
  // Only packages of the wider Lua world have such names.
  if (dotted && config.module_patterns.empty())
    lua::raise(L, core_errc::invalid_module_name, {"module", id});
  for (const std::string& directory : config.module_directories) {
    if (dotted) break;
    for (const std::string& path : candidates_in(directory, id)) {
      if (!sources.exists(path)) continue;
      if (!is_category_path(path) || load_category(L, path))
        return require_found(L, from, path, directory, id);
      lua_pop(L, 1);  // a faulty category of a package is passed over
    }
    const std::string plugin = plugin_in(directory, id);
    if (sources.exists(plugin)) return require_plugin(L, from, plugin, id);
  }
  for (const std::string& pattern : config.module_patterns) {
    const std::string path = pattern_candidate(pattern, id);
    if (sources.exists(path)) return require_found(L, from, path, pattern_root(pattern), id, id);
  }
  lua::raise(L, core_errc::module_not_found, {"module", id});
}

int module_loader::require_found(lua_State* L, const module_record& from, const std::string& path,
                                 const std::string& import_root, std::string_view id,
                                 std::string_view argument) {
  if (const auto it = modules_.find(path); it != modules_.end()) {
    const module_record& module = *it->second;
    if (module.progress != module_record::state::loaded)
      lua::raise(L, core_errc::cyclic_import, {"module", id});
    lua_pushboolean(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, module.value_ref);
    return 2;
  }
  vm_.check_suspension(L, /*interruptible=*/false);
  auto record = std::make_unique<module_record>();
  record->path = path;
  record->import_root = import_root;
  record->leaf = is_leaf_path(path);
  record->argument = argument;
  if (from.context == "test" && id.starts_with('.')) record->context = "test";
  return evaluate(L, *(modules_[path] = std::move(record)));
}

// Makes the module of a `.ttl` file known, without suspending. On failure the error is pushed, and
// the next import tries again.
bool module_loader::load_category(lua_State* L, const std::string& path) {
  if (modules_.contains(path)) return true;
  const auto source = vm_.process().sources().load(path);
  if (!source) {
    lua::push(L, source.error(), {"path", path});
    return false;
  }
  if (!vm_.config().names.push_category(L, path, **source)) return false;
  auto record = std::make_unique<module_record>();
  record->path = path;
  record->progress = module_record::state::loaded;
  record->value_ref = luaL_ref(L, LUA_REGISTRYINDEX);
  modules_[path] = std::move(record);
  return true;
}

// Makes the module of a native plugin, without suspending. When that fails, the next import tries
// again.
int module_loader::require_plugin(lua_State* L, const module_record& from, const std::string& path,
                                  std::string_view id) {
  if (!modules_.contains(path)) {
    auto& record = *(modules_[path] = std::make_unique<module_record>());
    record.path = path;  // until its hook returns, importing it again is a cycle
    absl::Cleanup forget = [this, &path] { modules_.erase(path); };
    vm_.config().names.push_plugin(L, path, id);
    record.value_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    record.progress = module_record::state::loaded;
    std::move(forget).Cancel();
  }
  return require_found(L, from, path, {}, id);
}

int module_loader::evaluate(lua_State* L, module_record& module) {
  fiber& importing = *vm_.current();
  const auto source = vm_.process().sources().load(module.path);
  if (!source) {
    const std::string path = module.path;
    modules_.erase(path);
    lua::raise(L, source.error(), {"path", path});
  }
  module.progress = module_record::state::failed;  // unless all goes well
  compile(L, module, **source, "@" + module.path);
  fiber& f = new_module_fiber(L, fiber_kind::module, module);
  module.progress = module_record::state::loading;
  f.owner = fiber_owner::joiner;
  f.joiner = &importing;
  vm_.make_ready(f);
  return vm_.park(L);
}

void module_loader::finished(fiber& f) {
  fiber& importing = *f.joiner;
  luaL_checkstack(importing.L, 3, "module");
  lua_pushboolean(importing.L, f.status == 0);
  if (f.status == 0) {
    set_loaded(f);
    lua_rawgeti(importing.L, LUA_REGISTRYINDEX, f.module->value_ref);
  } else {
    f.module->progress = module_record::state::failed;
    lua_rawgeti(importing.L, LUA_REGISTRYINDEX, f.error_ref);
  }
  vm_.release(f);
  vm_.wake(importing, 2, /*first=*/true);
}

}  // namespace emilua::fiber
