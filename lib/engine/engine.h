// The engine: a process that runs one program, or one actor of another process's program.
//
//   int main(int argc, char** argv, char** envp) {
//     return emilua::engine::main(argc, argv, envp, parse_options);
//   }
#pragma once

#include "lib/engine/command_line.h"

namespace emilua::engine {

// Everything from the first instruction to the exit status. The command line is read once there is
// a helper for actors' processes, which are to have nothing of it.
[[nodiscard]] int main(int argc, char** argv, char** envp, command_line_reader* read);

}  // namespace emilua::engine
