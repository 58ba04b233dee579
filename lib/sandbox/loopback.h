// The loopback interface of a network namespace, which is down when the namespace is made.
//
//   if (const auto up = bring_up_loopback(); !up) …          // CAP_NET_ADMIN in the namespace
//
// By netlink, so that it needs no program and no file. Async-signal-safe, allocates nothing. Errors
// are the kernel's: EPERM, EAFNOSUPPORT. Source: rtnetlink(7).
#pragma once

#include "lib/base/error.h"

namespace emilua::sandbox {

[[nodiscard]] base::result<> bring_up_loopback() noexcept;

}  // namespace emilua::sandbox
