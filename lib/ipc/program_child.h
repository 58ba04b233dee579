// The child's half of spawn_program().
#pragma once

#include "lib/ipc/spawn_program.h"

namespace emilua::ipc {

// What the child needs besides the request, laid out before the clone.
struct program_plan {
  const program_request& request;
  char* const* arguments;    // null-terminated
  char* const* environment;  // null-terminated
  char* const* pid_slots;    // null-terminated: where in the environment the pid is written
  int report;                // where a program_report goes; close-on-exec, and above 9
  pid_t parent;
};

constexpr std::size_t pid_slot_size = 11;  // ten digits and the end

// What comes through the pipe if the program does not start.
struct program_report {
  program_step step;
  int error;
};

// Called with all signals blocked.
[[noreturn]] void become_program(const program_plan& plan) noexcept;

}  // namespace emilua::ipc
