// The program of the host that is to run inside.
#pragma once

#include <string>

#include "lib/base/unique_fd.h"
#include "tools/jailattach/options.h"

namespace emilua::jailattach {

// A sealed copy in memory: inside, /proc/PID/exe leads to what is executed, and who is root there
// could write to the host's own file. It must be static, since its dynamic linker and its libraries
// would be the container's. Throws tools::refusal.
[[nodiscard]] base::unique_fd copy_program(const options& options);

}  // namespace emilua::jailattach
