// Runs the program in its box and waits for it.
#pragma once

#include "tools/confine/options.h"

namespace emilua::confine {

// confine's own exit status. What main() was given is not to be seen in the box.
[[nodiscard]] int run(const options& options, char** argv, char** envp);

}  // namespace emilua::confine
