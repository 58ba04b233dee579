// The duties of process 1 of a pid namespace.
//
//   ready_first_process();              // before anybody may send it a signal
//   …
//   if (split_first_process() == -1) …
#pragma once

#include <cstdint>

namespace emilua::ipc {

// Blocks, in the first process of its namespace, the signals that it is to pass on: the kernel
// drops those that process 1 neither handles nor blocks. Unblocks all signals in any other process.
void ready_first_process() noexcept;

// Splits the process in two if it is the first of its namespace, and returns in the second one, or
// at once if there is nothing to split, with all signals unblocked. The first stays behind without
// descriptors: it reaps every orphan, passes SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2 and SIGCONT
// on, and leaves with the second's exit status, or 128 + the signal that ended it. -1 and errno if
// there can be no second.
//
// `news`: a pipe that the first one keeps after all, and writes to. The second one's end is told
// once everybody else is dead, and before the kernel has taken the namespaces down, which takes as
// long as making them.
struct worker_news {
  enum class kind : std::int32_t { stopped, ended } what;
  std::int32_t status;  // ended: as above
};

[[nodiscard]] int split_first_process(int news = -1) noexcept;

// The same for whoever is to execute a program: the second one goes on in `go_on`, which does not
// return, and shares the first one's memory, which waits until the program is executed, or could
// not be. Nothing is copied.
[[nodiscard]] int split_first_process(int news, void (*go_on)(void*) noexcept, void* with) noexcept;

}  // namespace emilua::ipc
