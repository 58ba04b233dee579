// The modules that a program is certain to name: what is shipped to an actor that has no files.
//
//   for (const shipped_module& m : module_closure("/srv/app/worker.lua", "/srv/app", sources)) …
//
// Found by reading, not by running: every `require` of a string literal, also with parentheses or
// long brackets, outside comments and strings, is followed through the rules of module_name.h.
// Names that are computed, built-in or missing are left to run time. Error categories (`.ttl`) are
// modules too; nothing in them is followed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/fiber/source_store.h"

namespace emilua::fiber {

struct shipped_module {
  std::string path;
  source_store::text source;
};

struct required_name {
  std::string id;
  int line;
};

// What `source` requires by literal, in order of appearance, with repetitions.
[[nodiscard]] std::vector<required_name> required_names(std::string_view source);

// `entry` first, taken as the entry of an actor (a leaf unless it is an init.lua). Fails only if
// the entry itself cannot be read; at most 4096 modules.
[[nodiscard]] base::result<std::vector<shipped_module>> module_closure(
    const std::string& entry, const std::string& import_root, const source_store& sources);

}  // namespace emilua::fiber
