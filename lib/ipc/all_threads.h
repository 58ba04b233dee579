// System calls that change one thread, made on all threads of the process.
//
//   ipc::syscall_on_all_threads(SYS_prctl, PR_CAPBSET_DROP, CAP_SYS_ADMIN);
//
// Linux keeps credentials for each thread. The C library's setuid() and its like see to all of
// them, but there is nothing of the kind for capset(2) and prctl(2); this does what those do: a
// signal (SIGRTMAX, borrowed for the time of the call) makes every other thread repeat the call.
// Source: nptl(7), capset(2).
#pragma once

namespace emilua::ipc {

// The calling thread goes first: if the call fails there, nothing has changed, and the result is -1
// with errno. If it fails in another thread the process ends with status 1 and a line on standard
// error, for half of it would run on with rights that the program believes gone.
//
// Threads are found in /proc. Without that, the call works as long as the process has never had a
// second thread, and is ENOTSUP otherwise. Threads that start meanwhile are seen to; none may block
// SIGRTMAX for good. Thread-safe; not async-signal-safe.
long syscall_on_all_threads(long number, long a1 = 0, long a2 = 0, long a3 = 0, long a4 = 0,
                            long a5 = 0, long a6 = 0) noexcept;

// While one of these lives, the threads are found even if the calls themselves put /proc out of
// reach (Landlock). One at a time; if threads cannot be listed, the calls say so.
class held_thread_list {
 public:
  held_thread_list();
  held_thread_list(const held_thread_list&) = delete;
  held_thread_list& operator=(const held_thread_list&) = delete;
  ~held_thread_list();
};

}  // namespace emilua::ipc
