// Carries out the steps of a plan, in the process that is to be in the box.
//
//   // in the child, single-threaded:
//   if (const auto failed = execute(compiled_plan{bytes})) tell(…);
//
// Runs between clone and exec (or ready): no malloc, no locks, no stdio, no exceptions. Every
// step's failure ends it: what comes later has not been done, and the process must not go on.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "lib/sandbox/compiled_plan.h"
#include "lib/sandbox/execute_rights.h"
#include "lib/sandbox/seccomp_install.h"

namespace emilua::sandbox {

struct step_failure {
  std::uint32_t index;  // of the step
  int error;            // errno
};

// Instead of a step's index: it was something before the first one.
inline constexpr std::uint32_t no_step = 0xffffffff;

// What the child says to its host, each in a packet of its own; and the host to it.
struct box_message {
  enum class kind : std::uint32_t {
    failed,  // nothing untrusted has run, and the child ends
    ready,   // everything is in force
    mapped,  // the host's: the ids are mapped, whom the child has waited for
  };
  kind what;
  std::uint32_t step;
  std::int32_t error;
};

// `socket` is one of a SOCK_SEQPACKET pair. False: the other side is gone.
[[nodiscard]] bool tell(int socket, const box_message& message) noexcept;

// Who is to be in the box. In a process of several threads (restrict_self.h) it is all of them.
struct whole {
  system_caller call = call_here;
  filter_scope filters = filter_scope::calling_thread;
  int cgroup = -1;                    // the cgroup.procs of the one to join
  int host = -1;                      // box_message: from whom
  std::span<const int> sources = {};  // plan::sources, as the process has them
  int news = -1;  // where process 1 tells of the program (lib/ipc/first_process.h)
};

[[nodiscard]] std::optional<step_failure> execute(const compiled_plan& plan,
                                                  const whole& who = {}) noexcept;

// For whoever will execute a program. `then` is told how it went, in the process that took the last
// step, and does not return: that process may share its memory with process 1 of the box until the
// program is executed.
struct sequel {
  void (*then)(void* self, std::optional<step_failure> failed) noexcept;
  void* self;
};
[[noreturn]] void execute(const compiled_plan& plan, const whole& who, const sequel& next) noexcept;

}  // namespace emilua::sandbox
