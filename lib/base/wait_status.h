// What wait(2) says of a process's end, as shells have it.
#pragma once

#include <sys/wait.h>

namespace emilua::base {

// The code given to exit, or 128 + the signal that has killed it. Async-signal-safe.
[[nodiscard]] inline int exit_code(int wait_status) noexcept {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

}  // namespace emilua::base
