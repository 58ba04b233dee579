// Signal dispositions of a fresh process. Async-signal-safe.
#pragma once

#include <signal.h>

namespace emilua::base {

// Every signal at its default, whatever the process was started with. The mask is not touched.
inline void reset_signal_dispositions() noexcept {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  // Refused for the numbers that have no disposition to set: SIGKILL, SIGSTOP and the C library's.
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &standard, nullptr);
}

inline void unblock_all_signals() noexcept {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Writes to what nobody reads report EPIPE instead of ending the process.
inline void ignore_sigpipe() noexcept {
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, nullptr);
}

}  // namespace emilua::base
