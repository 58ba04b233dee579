// What is wrong with a program, without running it: whether each of its modules is Lua, and whether
// what they require by literal names can be found.
//
//   check_report report = check_program(entry, {.names = builtin_names(), …});
//   for (const std::string& problem : report.problems) …      // "/a/b.lua:3: …"
//
// Names that are computed are left to run time. The same file may be looked at from several sides:
// it is checked once.
#pragma once

#include <string>
#include <vector>

#include "lib/fiber/context.h"
#include "lib/fiber/source_store.h"
#include "lib/fiber/vm.h"

namespace emilua::engine {

struct check_report {
  std::vector<std::string> modules;  // their files, in the order in which they were found
  std::vector<std::string> problems;
};

[[nodiscard]] check_report check_program(const fiber::vm::entry_script& entry,
                                         const fiber::builtins& names,
                                         const fiber::context::options& where,
                                         const fiber::source_store& sources);

}  // namespace emilua::engine
