// The duties of process 1 of a pid namespace.
//
//   ready_first_process();              // before anybody may send it a signal
//   …
//   if (split_first_process() == -1) …
#pragma once

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
// `stops`: a descriptor that the first one keeps after all, and writes a byte to whenever the
// second one has been stopped.
[[nodiscard]] int split_first_process(int stops = -1) noexcept;

}  // namespace emilua::ipc
