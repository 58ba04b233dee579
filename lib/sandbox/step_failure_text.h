// Why a step of a plan has failed, for whoever reads it.
//
//   describe_failure(step, error)     // "no supplementary groups: Operation not permitted; what
//   would help: …"
#pragma once

#include <string>
#include <system_error>

#include "lib/sandbox/plan.h"

namespace emilua::sandbox {

// With what would help, if that is known.
[[nodiscard]] std::string describe_failure(const step& step, std::error_code error);

}  // namespace emilua::sandbox
