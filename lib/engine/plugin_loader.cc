#include "lib/engine/plugin_loader.h"

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <mutex>
#include <vector>

#include "lib/base/file.h"
#include "lib/engine/plugin.h"
#include "lib/engine/version.h"
#include "lib/fiber/module_name.h"
#include "lib/fiber/vm.h"
#include "lib/lua/core_error.h"
#include "lib/lua/error.h"

#define EMILUA_TEXT(name) #name
#define EMILUA_EXPANDED_TEXT(name) EMILUA_TEXT(name)

namespace emilua::engine {
namespace {

using lua::core_errc;

constexpr const char* symbol = EMILUA_EXPANDED_TEXT(EMILUA_PLUGIN);
constexpr std::size_t max_dependencies_size = std::size_t{64} << 10;

constexpr bool names_this_version(std::string_view name) {
  constexpr std::string_view prefix = "emilua_plugin_";
  return name.starts_with(prefix) &&
         std::ranges::equal(name.substr(prefix.size()), std::string_view{version},
                            [](char a, char b) { return a == (b == '.' ? '_' : b); });
}
static_assert(names_this_version(symbol), "plugin.h and version.h name different versions");

// The plugins of this process. Their libraries stay: code of theirs may run until the very end.
class plugin_set {
 public:
  // Null, and why, if the library is no plugin for this engine.
  const emilua_plugin* load(const std::string& path, std::string& reason) {
    const std::scoped_lock lock{mutex_};
    void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      reason = ::dlerror();
      return nullptr;
    }
    const auto* plugin = own_symbol(library);
    if (plugin == nullptr) {
      reason = path + " has no symbol " + symbol + ": it is not for this version of the engine";
      ::dlclose(library);
      return nullptr;
    }
    if (ready_.insert(plugin).second && plugin->init_process != nullptr) plugin->init_process();
    return plugin;
  }

  // An errno value, or 0.
  int init_event_loop(const emilua_plugin& plugin, void* event_loop) {
    const std::scoped_lock lock{mutex_};
    return plugin.init_event_loop != nullptr ? plugin.init_event_loop(event_loop) : 0;
  }

 private:
  // Not what one of the libraries defines that it is linked with.
  static const emilua_plugin* own_symbol(void* library) {
    void* address = ::dlsym(library, symbol);
    Dl_info info;
    void* owner = nullptr;
    if (address == nullptr || ::dladdr1(address, &info, &owner, RTLD_DL_LINKMAP) == 0 ||
        owner != library)
      return nullptr;
    return static_cast<const emilua_plugin*>(address);
  }

  std::mutex mutex_;
  absl::flat_hash_set<const emilua_plugin*> ready_;  // their process hooks have run
};

plugin_set& plugins() {
  static auto& instance = *new plugin_set;
  return instance;
}

[[noreturn]] void raise(lua_State* L, std::error_code error, std::string_view name,
                        std::string_view reason) {
  lua::push(L, error, {"module", name});
  lua::push_text(L, reason);
  lua_setfield(L, -2, "reason");
  lua_error(L);
  __builtin_unreachable();
}

[[noreturn]] void raise_hook_error(lua_State* L, int error, std::string_view name) {
  lua::raise(L, {error, std::generic_category()}, {"module", name});
}

// A static executable cannot even open itself.
bool has_dynamic_linker() {
  void* self = ::dlopen(nullptr, RTLD_LAZY);
  return self != nullptr && ::dlclose(self) == 0;
}

// One import: the plugin and, before it, what it depends on, each once.
class import {
 public:
  explicit import(lua_State* L) : L_(L), vm_(fiber::vm::of(L)) {}

  const emilua_plugin& load(const std::string& path, std::string_view name) {
    done_[path] = false;
    const std::string directory = path.substr(0, path.rfind('/') + 1);
    for (const std::string& dependency : dependencies(directory, name)) {
      const std::string other = find(dependency);
      const auto it = done_.find(other);
      if (it == done_.end())
        load(other, dependency);
      else if (!it->second)
        lua::raise(L_, core_errc::cyclic_import, {"module", dependency});
    }
    std::string reason;
    const emilua_plugin* plugin = plugins().load(path, reason);
    if (plugin == nullptr)
      raise(L_, std::make_error_code(std::errc::executable_format_error), name, reason);
    if (const int error = plugins().init_event_loop(*plugin, &vm_.io()); error != 0)
      raise_hook_error(L_, error, name);
    done_[path] = true;
    return *plugin;
  }

 private:
  // The lines of NAME.deps, if there is such a file.
  std::vector<std::string> dependencies(const std::string& directory, std::string_view name) {
    const std::string path = directory + std::string{name} + ".deps";
    const auto text = base::read_file(path.c_str(), max_dependencies_size);
    std::vector<std::string> names;
    if (!text) {
      if (text.error() != std::errc::no_such_file_or_directory) raise(L_, text.error(), name, path);
      return names;
    }
    std::string_view rest = *text;
    while (!rest.empty()) {
      const auto end = rest.find('\n');
      std::string_view line = rest.substr(0, end);
      rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
      line = line.substr(0, line.find_last_not_of(" \t\r") + 1);
      if (!line.empty()) names.emplace_back(line);
    }
    return names;
  }

  std::string find(const std::string& name) {
    const auto request = fiber::parse_module_name(name);
    if (!request || request->kind != fiber::module_kind::external ||
        name.find('.') != std::string::npos)
      lua::raise(L_, core_errc::invalid_module_name, {"module", name});
    for (const std::string& directory : vm_.process().config().module_directories) {
      std::string path = fiber::plugin_in(directory, name);
      if (vm_.process().sources().exists(path)) return path;
    }
    lua::raise(L_, core_errc::module_not_found, {"module", name});
  }

  lua_State* L_;
  fiber::vm& vm_;
  absl::flat_hash_map<std::string, bool> done_;  // by path; false while under way
};

struct opening {
  const emilua_plugin& plugin;
  std::string_view name;
};

// A C function of its own: its stack is the hook's, and to suspend in it is an error.
int open_vm(lua_State* L) {
  const auto& [plugin, name] = *static_cast<const opening*>(lua_touserdata(L, 1));
  lua_settop(L, 0);
  if (const int error = plugin.open_vm(L); error != 0) raise_hook_error(L, error, name);
  if (lua_gettop(L) == 0 || lua_isnil(L, -1))
    raise(L, std::make_error_code(std::errc::executable_format_error), name,
          "its hook has pushed no module");
  return 1;
}

}  // namespace

void push_plugin(lua_State* L, const std::string& path, std::string_view id) {
  const auto unsupported = std::make_error_code(std::errc::not_supported);
  if (fiber::vm::of(L).process().config().text_only)
    raise(L, unsupported, id, "native plugins are not loaded in a sandbox");
  if (!has_dynamic_linker())
    raise(L, unsupported, id, "native plugins need the dynamically linked engine (emilua-dynamic)");
  const emilua_plugin& plugin = import{L}.load(path, id);
  if (plugin.open_vm == nullptr) lua::raise(L, core_errc::internal_module, {"module", id});
  opening o{plugin, id};
  lua_pushcfunction(L, open_vm);
  lua_pushlightuserdata(L, &o);
  lua_call(L, 1, 1);
}

}  // namespace emilua::engine
