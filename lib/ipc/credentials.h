// Changes of what the process may do, and of what it has for its files, as values: made here, on
// all threads, and repeated by whoever is to be as this process is.
//
//   const ipc::credential_change change{.what = ipc::credential_kind::drop_bound, .values = {21}};
//   if (const auto made = ipc::apply(change); !made) return made.error();
//
// Source: credentials(7), capabilities(7), nptl(7), fchdir(2), umask(2).
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <vector>

#include "lib/base/error.h"

namespace emilua::ipc {

enum class credential_kind : std::uint32_t {
  user_ids,           // values: real, effective, saved; the highest number keeps an id
  group_ids,          // the same
  groups,             // the list
  capabilities,       // values: as capset(2) has them, low and high word of each set (see below)
  drop_bound,         // values: the capability
  raise_ambient,      // values: the capability
  lower_ambient,      // values: the capability
  reset_ambient,      //
  securebits,         // values: the bits
  working_directory,  // directory
  file_mask,          // values: the mask, of bits below 01000
};

struct credential_change {
  credential_kind what;
  // For capabilities: effective, permitted, inheritable; then the same of the capabilities from 32.
  std::array<std::uint32_t, 6> values{};
  std::vector<gid_t> groups{};
  int directory = -1;  // borrowed
};

// In all threads of the process; see all_threads.h for what happens if one cannot follow.
[[nodiscard]] base::result<> apply(const credential_change& change) noexcept;

// A process that has to be as this one in all of that: it repeats every change.
class credential_follower {
 public:
  virtual ~credential_follower() = default;
  [[nodiscard]] virtual base::result<> follow(const credential_change& change) = 0;
};

}  // namespace emilua::ipc
