// Puts the engine's own process into a box: all its threads, and what it makes processes with.
//
//   const auto plan = plan_for_engine(policy);
//   if (const auto done = restrict_engine(*plan, process.find<sandbox::companion>()); !done) …
//
// For good. See lib/sandbox/restrict_self.h for what is left when a step fails.
#pragma once

#include <boost/system/result.hpp>
#include <system_error>

#include "lib/sandbox/plan.h"
#include "lib/sandbox/restrict_self.h"

namespace emilua::bindings {

struct restriction_failure {
  std::error_code code;  // not_supported: nothing has changed
  sandbox::policy_error fault;
};

[[nodiscard]] boost::system::result<sandbox::plan, restriction_failure> plan_for_engine(
    const sandbox::policy& policy);

// `companion` may be null.
[[nodiscard]] boost::system::result<void, restriction_failure> restrict_engine(
    const sandbox::plan& plan, sandbox::companion* companion);

}  // namespace emilua::bindings
