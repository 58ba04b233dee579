// The engine: a process that runs one program, or one actor of another process's program.
//
//   int main(int argc, char** argv, char** envp) { return emilua::engine::main(argc, argv, envp); }
#pragma once

namespace emilua::engine {

// Everything from the first instruction to the exit status.
[[nodiscard]] int main(int argc, char** argv, char** envp);

}  // namespace emilua::engine
