#include "lib/engine/check.h"

#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <filesystem>
#include <lua.hpp>
#include <memory>
#include <optional>
#include <string_view>

#include "lib/fiber/module_closure.h"
#include "lib/fiber/module_name.h"

namespace emilua::engine {
namespace {

struct module : fiber::module_info {
  std::string shown;  // its path, or "stdin" and its like
  fiber::source_store::text source;
};

class checker {
 public:
  checker(const fiber::builtins& names, const fiber::context::options& where,
          const fiber::source_store& sources)
      : names_(names), where_(where), sources_(sources), state_(luaL_newstate(), lua_close) {}

  check_report run(const fiber::vm::entry_script& entry) {
    module first;
    first.path = entry.path;
    first.import_root = std::filesystem::path{entry.path}.parent_path().native();
    first.shown = entry.chunk_name.substr(1);
    first.source = std::make_shared<const std::string>(entry.source);
    add(std::move(first));
    // It is its own work list: it grows while it is walked.
    for (std::size_t i = 0; i < modules_.size(); ++i) {
      const module current = modules_[i];
      if (!fiber::is_category_path(current.path)) examine(current);
    }
    return std::move(report_);
  }

 private:
  void add(module m) {
    if (!seen_.insert(m.path).second) return;
    report_.modules.push_back(m.shown);
    modules_.push_back(std::move(m));
  }

  void examine(const module& m) {
    std::string_view text = *m.source;
    // Its newline stays, so that line numbers are right.
    if (text.starts_with('#')) text.remove_prefix(std::min(text.find('\n'), text.size()));
    // Lua would cut a long name: "?:3: …" has a place for the whole one.
    if (luaL_loadbuffer(state_.get(), text.data(), text.size(), "=?") != 0) {
      std::string_view message = lua_tostring(state_.get(), -1);
      if (message.starts_with('?')) message.remove_prefix(1);
      report_.problems.push_back(m.shown + std::string{message});
    }
    lua_settop(state_.get(), 0);
    if (text.starts_with('\x1b')) return;  // bytecode
    for (const auto& [id, line] : fiber::required_names(*m.source)) follow(m, id, line);
  }

  void complain(const module& m, int line, const std::string& id, const std::string& what) {
    report_.problems.push_back(m.shown + ":" + std::to_string(line) + ": require '" + id +
                               "': " + what);
  }

  void follow(const module& from, const std::string& id, int line) {
    const auto request = fiber::parse_module_name(id);
    if (!request) return complain(from, line, id, request.error().message());
    if (request->kind == fiber::module_kind::external) {
      const auto builtin = std::ranges::find(names_.modules, id, &fiber::builtin_module::name);
      if (builtin != names_.modules.end()) {
        if (builtin->push == nullptr)
          complain(from, line, id,
                   std::make_error_code(std::errc::function_not_supported).message());
        return;
      }
    }
    const auto candidates = fiber::module_candidates(*request, from);
    if (!candidates) return complain(from, line, id, candidates.error().message());
    if (const std::string* path = sources_.first_existing(*candidates))
      return load(from, *path, from.import_root, id, line);
    if (request->kind == fiber::module_kind::external && find_external(from, request->name, line))
      return;
    complain(from, line, id, make_error_code(lua::core_errc::module_not_found).message());
  }

  // As module_loader looks for it.
  bool find_external(const module& from, const std::string& id, int line) {
    const bool dotted = id.find('.') != std::string::npos;
    for (const std::string& directory : where_.module_directories) {
      if (dotted) break;
      const std::vector<std::string> candidates = fiber::candidates_in(directory, id);
      if (const std::string* path = sources_.first_existing(candidates)) {
        load(from, *path, directory, id, line);
        return true;
      }
      if (sources_.exists(fiber::plugin_in(directory, id))) return true;
    }
    for (const std::string& pattern : where_.module_patterns) {
      const std::string path = fiber::pattern_candidate(pattern, id);
      if (!sources_.exists(path)) continue;
      load(from, path, fiber::pattern_root(pattern), id, line);
      return true;
    }
    return false;
  }

  void load(const module& from, const std::string& path, const std::string& import_root,
            const std::string& id, int line) {
    if (seen_.contains(path)) return;
    auto source = sources_.load(path);
    if (!source) return complain(from, line, id, path + ": " + source.error().message());
    module found;
    found.path = path;
    found.import_root = import_root;
    found.leaf = fiber::is_leaf_path(path);
    found.shown = path;
    found.source = *source;
    add(std::move(found));
  }

  const fiber::builtins& names_;
  const fiber::context::options& where_;
  const fiber::source_store& sources_;
  std::unique_ptr<lua_State, void (*)(lua_State*)> state_;
  std::vector<module> modules_;
  absl::flat_hash_set<std::string> seen_;
  check_report report_;
};

}  // namespace

check_report check_program(const fiber::vm::entry_script& entry, const fiber::builtins& names,
                           const fiber::context::options& where,
                           const fiber::source_store& sources) {
  return checker{names, where, sources}.run(entry);
}

}  // namespace emilua::engine
