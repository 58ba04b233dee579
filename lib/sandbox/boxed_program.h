// How a process becomes a program in a box: the child's half of starting one, or all of it.
//
// Runs between clone and exec, as a copy of a single-threaded process: no malloc, no locks, no
// stdio, no exceptions.
#pragma once

#include <array>
#include <span>

#include "lib/sandbox/compiled_plan.h"
#include "lib/sandbox/execute.h"

namespace emilua::sandbox {

inline constexpr int no_descriptor = -1;

// What the child needs, laid out before. Descriptors are the child's own.
struct boxed_program_start {
  compiled_plan steps;
  int program;               // its file
  int exec_descriptor;       // plan::exec_descriptor
  const char* empty_path;    // the string that plan_context::empty_path told of
  const char* path;          // where execve finds it if the policy lets it; empty: by descriptor
  char* const* arguments;    // null-terminated, as
  char* const* environment;  // this is
  // What the program has under the numbers 0 to 9, or no_descriptor.
  std::array<int, 10> descriptors;
  bool close_fds;                     // and nothing else
  int host = no_descriptor;           // whom to tell (execute.h); close-on-exec, and above 9, as is
  std::span<const int> sources = {};  // plan::sources; gone before the program starts
  int cgroup = no_descriptor;         // as in `whole` (execute.h), as is
  int news = no_descriptor;           // this
};

// A failure beyond the last step is that of starting the program.
[[noreturn]] void become_boxed_program(const boxed_program_start& start) noexcept;

// The same in a process that has no host, and is to be the program itself. Returns what has failed,
// in a box that may be half done: all that is left is to say so and to end.
[[nodiscard]] step_failure replace_by_boxed_program(const boxed_program_start& start) noexcept;

}  // namespace emilua::sandbox
