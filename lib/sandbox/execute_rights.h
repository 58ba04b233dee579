// Capabilities and securebits, in bare system calls. Async-signal-safe if `call` is; 0 or errno.
// Source: capabilities(7), prctl(2), capset(2).
#pragma once

#include <cstdint>

namespace emilua::sandbox {

// As syscall(2): makes a call that changes one thread, on all that it is to hold for.
using system_caller = long (*)(long number, long a1, long a2, long a3, long a4, long a5,
                               long a6) noexcept;

[[nodiscard]] long call_here(long number, long a1, long a2, long a3, long a4, long a5,
                             long a6) noexcept;

// Takes away all but `kept` (bit n is capability n), which is then in the ambient set, too, so that
// it outlives exec. `bounding`: from the bounding set as well, which takes CAP_SETPCAP.
[[nodiscard]] int limit_capabilities(std::uint64_t kept, bool bounding,
                                     system_caller call = call_here) noexcept;

// User id 0 means nothing any more, for good. Takes CAP_SETPCAP.
[[nodiscard]] int lock_securebits(system_caller call = call_here) noexcept;

}  // namespace emilua::sandbox
