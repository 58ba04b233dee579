// Capabilities and securebits of the process, in bare system calls. Async-signal-safe; 0 or errno.
// Source: capabilities(7), prctl(2), capset(2).
#pragma once

#include <cstdint>

namespace emilua::sandbox {

// Takes away all but `kept` (bit n is capability n), which is then in the ambient set, too, so that
// it outlives exec. `bounding`: from the bounding set as well, which takes CAP_SETPCAP.
[[nodiscard]] int limit_capabilities(std::uint64_t kept, bool bounding) noexcept;

// User id 0 means nothing any more, for good. Takes CAP_SETPCAP.
[[nodiscard]] int lock_securebits() noexcept;

}  // namespace emilua::sandbox
