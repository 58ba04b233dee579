#include "lib/bindings/sandbox/restrict_engine.h"

#include <sys/resource.h>
#include <unistd.h>

#include "lib/base/error.h"
#include "lib/sandbox/step_failure_text.h"
#include "lib/sandbox/support.h"

namespace emilua::bindings {
namespace {

restriction_failure failure_of(const sandbox::plan& plan, const sandbox::step_failure& failed,
                               const char* whose) {
  const std::error_code code = base::system_error(failed.error);
  const sandbox::step& s = plan.steps.at(failed.index);
  return {code, {s.clause, whose + sandbox::describe_failure(s, code)}};
}

}  // namespace

boost::system::result<sandbox::plan, restriction_failure> plan_for_engine(
    const sandbox::policy& policy) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  auto made = sandbox::make_plan(policy, sandbox::probe(),
                                 {.who = sandbox::subject::self,
                                  .uid = ::geteuid(),
                                  .gid = ::getegid(),
                                  .descriptor_limit = files.rlim_max});
  if (!made)
    return restriction_failure{std::make_error_code(std::errc::not_supported), made.error()};
  return std::move(*made);
}

boost::system::result<void, restriction_failure> restrict_engine(const sandbox::plan& plan,
                                                                 sandbox::companion* companion) {
  if (const auto failed = sandbox::restrict_self(plan)) return failure_of(plan, *failed, "");
  if (companion == nullptr) return {};
  if (const auto failed = companion->restrict(plan))
    return failure_of(plan, *failed, "in the process that starts actors: ");
  return {};
}

}  // namespace emilua::bindings
