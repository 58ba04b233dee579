// Puts compiled filters in force. Irreversible; needs no_new_privs or CAP_SYS_ADMIN.
//
//   set_own_pid(program, ::getpid());
//   if (const auto done = install_filter(program); !done) …
//
// Async-signal-safe, allocates nothing, and links no libseccomp: filters are compiled elsewhere
// (seccomp_filter.h). Errors are the kernel's: EINVAL (not a program that it takes), EACCES (no
// no_new_privs), ENOMEM, EBUSY (a second listener), ESRCH (a thread cannot follow). Source:
// seccomp(2).
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "lib/base/bytes.h"
#include "lib/base/error.h"
#include "lib/base/unique_fd.h"

namespace emilua::sandbox {

enum class filter_scope : unsigned char { calling_thread, all_threads };

[[nodiscard]] base::result<> install_filter(
    base::byte_view program, filter_scope scope = filter_scope::calling_thread) noexcept;

// The same for a program with `notify`: the descriptor (close-on-exec) on which calls are asked
// about.
[[nodiscard]] base::result<base::unique_fd> install_notifying_filter(
    base::byte_view program) noexcept;

// Where a compiled program means the process that it is installed in. No pid is as large, so
// that a program in which it still stands permits less, not more.
inline constexpr std::uint32_t own_pid_mark = 0x7e5e1f00;

// Writes the process's number, as it sees it itself, into a program of compile_filter. After fork,
// in the copy of the child.
void set_own_pid(std::span<std::byte> program, pid_t self) noexcept;

}  // namespace emilua::sandbox
