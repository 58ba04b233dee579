// `require`: finds, compiles and runs the modules of one VM, each once.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <memory>
#include <string>
#include <string_view>

#include "lib/fiber/module_name.h"
#include "lib/fiber/vm.h"

namespace emilua::fiber {

struct module_record : module_info {
  enum class state { loading, loaded, failed };

  state progress = state::loading;
  int environment_ref = LUA_NOREF;  // the table of its globals
  int value_ref = LUA_NOREF;        // what `require` returns, once loaded
  std::string argument;             // what the chunk is called with; empty: nothing
};

class module_loader {
 public:
  explicit module_loader(vm& owner) : vm_(owner) {}

  // The record of the program's (or actor's) entry file.
  module_record& add_entry(const vm::entry_script& entry);

  // Pushes the compiled chunk, with the module's own environment. Raises the compiler's message.
  void compile(lua_State* L, module_record& module, std::string_view source,
               const std::string& chunk_name);

  // The fiber that runs the chunk of a module: the function on top of L's stack.
  fiber& new_module_fiber(lua_State* L, fiber_kind kind, module_record& module);

  // The main fiber's chunk has returned.
  void set_loaded(fiber& f);

  // A module fiber has ended: resumes its importer with the module or the error.
  void finished(fiber& f);

  // Lua's require(id); suspends while a file is evaluated.
  int require(lua_State* L);

  // The module whose code called the running C function: found through the _FILE of the caller's
  // environment (`level` as for lua_getstack), else the running fiber's module. Null if unknown.
  [[nodiscard]] module_record* importer(lua_State* L, int level);

 private:
  int require_builtin(lua_State* L, const builtin_module& module);
  int require_file(lua_State* L, module_record& importer, const module_request& request,
                   std::string_view id);
  int require_external(lua_State* L, const module_record& importer, const std::string& id);
  // `argument` as in module_record.
  int require_found(lua_State* L, const module_record& importer, const std::string& path,
                    const std::string& import_root, std::string_view id,
                    std::string_view argument = {});
  bool load_category(lua_State* L, const std::string& path);
  int require_plugin(lua_State* L, const module_record& importer, const std::string& path,
                     std::string_view id);
  int evaluate(lua_State* L, module_record& module);
  void push_environment(lua_State* L, module_record& module);

  vm& vm_;
  absl::flat_hash_map<std::string, std::unique_ptr<module_record>> modules_;  // by path
  absl::flat_hash_map<const builtin_module*, int> builtins_;                  // registry references
};

}  // namespace emilua::fiber
