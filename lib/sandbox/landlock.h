// Landlock: the kernel's own three calls, rights by name, and nothing decided here.
//
//   access_rights rights = *fs_right("read_file") | *fs_right("read_dir");
//   base::unique_fd ruleset = *landlock_create_ruleset({.fs = rights});
//   landlock_allow_path(ruleset.get(), directory.get(), rights);
//   landlock_restrict_self(ruleset.get());                   // needs no_new_privs or CAP_SYS_ADMIN
//
// Async-signal-safe, allocates nothing. Errors are the kernel's: ENOSYS (built without Landlock),
// EOPNOTSUPP (switched off at boot), EINVAL (a right that this ABI does not know), E2BIG.
// Source: landlock_create_ruleset(2) and Documentation/userspace-api/landlock.rst.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "lib/base/error.h"
#include "lib/base/unique_fd.h"

namespace emilua::sandbox {

using access_rights = std::uint64_t;

struct named_right {
  std::string_view name;  // the kernel's, less LANDLOCK_ACCESS_FS_, in lower case
  access_rights bit;
  int abi;  // the first ABI that knows it
};

// Rights over the file system and over TCP ports, in the kernel's order.
[[nodiscard]] std::span<const named_right> fs_rights() noexcept;
[[nodiscard]] std::span<const named_right> net_rights() noexcept;
[[nodiscard]] std::span<const named_right> scopes() noexcept;

[[nodiscard]] std::optional<access_rights> fs_right(std::string_view name) noexcept;
[[nodiscard]] std::optional<access_rights> net_right(std::string_view name) noexcept;
[[nodiscard]] std::optional<access_rights> scope(std::string_view name) noexcept;

struct landlock_ruleset_attributes {
  access_rights fs = 0;      // handled_access_fs: denied unless a rule allows
  access_rights net = 0;     // handled_access_net (ABI 4)
  access_rights scoped = 0;  // (ABI 6)
};

// The highest ABI of the running kernel: 1 and up.
[[nodiscard]] base::result<int> landlock_abi() noexcept;

// Whether threads that have each restricted themselves may still signal each other: a correction
// (erratum 2) to kernels with ABI 6.
[[nodiscard]] bool landlock_threads_may_signal() noexcept;

[[nodiscard]] base::result<base::unique_fd> landlock_create_ruleset(
    const landlock_ruleset_attributes& attributes) noexcept;

[[nodiscard]] base::result<> landlock_allow_path(int ruleset, int parent_fd,
                                                 access_rights allowed) noexcept;
[[nodiscard]] base::result<> landlock_allow_port(int ruleset, std::uint16_t port,
                                                 access_rights allowed) noexcept;
[[nodiscard]] base::result<> landlock_restrict_self(int ruleset) noexcept;

// prctl(PR_SET_NO_NEW_PRIVS); irreversible.
[[nodiscard]] base::result<> set_no_new_privs() noexcept;

}  // namespace emilua::sandbox
