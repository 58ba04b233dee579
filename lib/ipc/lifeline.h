// The socket between a child's creator and the helper, for as long as the child lives.
//
// The helper sends how the child ended, once. The creator sends one byte to let the child live on
// without it; otherwise the child ends when the creator's end closes, however the creator ends.
#pragma once

#include <optional>

#include "lib/base/error.h"
#include "lib/base/unique_fd.h"
#include "lib/ipc/process.h"

namespace emilua::ipc {

struct lifeline {
  base::unique_fd creator, helper;
};

[[nodiscard]] base::result<lifeline> make_lifeline() noexcept;

// --- the creator's side -----------------------------------------------------

// Empty while the child lives; ECHILD if the helper has gone without telling.
[[nodiscard]] base::result<std::optional<exit_status>> read_status(int creator) noexcept;
void release_child(int creator) noexcept;

// --- the helper's side ------------------------------------------------------

enum class wish { nothing, end, release };
[[nodiscard]] wish read_wish(int helper) noexcept;
void report_status(int helper, const exit_status& status) noexcept;

}  // namespace emilua::ipc
