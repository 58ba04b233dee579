// The steps that build the box's tree of files: see plan_mounts.h. Async-signal-safe.
#pragma once

#include <span>

#include "lib/base/unique_fd.h"
#include "lib/sandbox/compiled_plan.h"

namespace emilua::sandbox {

// `root` is the directory that targets lie beneath, kept from step to step; `sources` are as in
// `whole` (execute.h). 0 or errno.
[[nodiscard]] int take_mount_step(const compiled_step& step, base::unique_fd& root,
                                  std::span<const int> sources) noexcept;

}  // namespace emilua::sandbox
