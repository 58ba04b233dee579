// What happens inside the namespaces: the script, and the program after it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/sandbox/policy.h"
#include "tools/command_line/program.h"
#include "tools/initexec/options.h"

namespace emilua::initexec {

struct container {
  const options& what;
  const std::string& script;  // its text
  std::string name;           // of the chunk
  tools::environment environment;
  std::optional<sandbox::policy> policy;
  bool has_maker = false;  // without which it is to end
  // Where the maker says that everything is done outside: the script does not run before.
  int gate = -1;
};

// The process is killed when its parent ends.
void arm_death_signal();

// Runs in the process that is to become the program, or process 1: returns its exit status. A
// failing script ends the process. Throws tools::refusal.
[[nodiscard]] int enter(container& container);

}  // namespace emilua::initexec
