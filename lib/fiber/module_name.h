// What the argument of `require` means, without looking at any file.
//
//   module_request request = *parse_module_name("../log");     // relative, 1 level up, "log"
//   auto candidates = *module_candidates(request, importer);
//   // {"/src/log.lua", "/src/log/init.lua", "/src/log.ttl"}
//
// A module from X.lua is a leaf; one from X/init.lua, and the program's entry script whatever its
// name, is a directory module. A leaf sits in its directory, a directory module is its directory.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/lua/core_error.h"

namespace emilua::fiber {

// A module that is loaded or being loaded, as far as the names inside it depend on it.
struct module_info {
  std::string path;         // absolute and lexically normal, of the file
  std::string import_root;  // directory that `/` stands for, and that `../` cannot leave
  bool leaf = false;
  std::string context;  // its _CONTEXT
};

enum class module_kind { child, relative, root, external };

struct module_request {
  module_kind kind;
  int levels_up = 0;  // relative: how many `../`
  std::string name;   // NAME, or NAME/…/NAME for root requests, without the leading slash
};

// invalid_module_name for every shape that is none of ./NAME, ../…/NAME, /NAME/…/NAME, NAME.NAME…
[[nodiscard]] base::result<module_request> parse_module_name(std::string_view id);

// The files to try, in order. root_cannot_import_parent, leaf_cannot_import_child; an external
// request has no candidates of its own.
[[nodiscard]] base::result<std::vector<std::string>> module_candidates(
    const module_request& request, const module_info& importer);

// DIRECTORY/NAME.lua, DIRECTORY/NAME/init.lua, DIRECTORY/NAME.ttl
[[nodiscard]] std::vector<std::string> candidates_in(std::string_view directory,
                                                     std::string_view name);

// DIRECTORY/libNAME.so: the native plugin, which comes after all of these.
[[nodiscard]] std::string plugin_in(std::string_view directory, std::string_view name);

// How packages of the wider Lua world lie around: LUA_PATH's patterns, where `?` is the name with a
// directory for each dot.
//
//   pattern_candidate("/usr/share/lua/5.1/?.lua", "pl.List")   // "/usr/share/lua/5.1/pl/List.lua"
//   pattern_root("/usr/share/lua/5.1/?.lua")                   // "/usr/share/lua/5.1"
[[nodiscard]] std::string pattern_candidate(std::string_view pattern, std::string_view name);
[[nodiscard]] std::string pattern_root(std::string_view pattern);

// Whether a module found at `path` is a leaf: everything but NAME/init.lua.
[[nodiscard]] bool is_leaf_path(std::string_view path) noexcept;

// Whether a module found at `path` is no Lua but an error category: NAME.ttl.
[[nodiscard]] bool is_category_path(std::string_view path) noexcept;

}  // namespace emilua::fiber
