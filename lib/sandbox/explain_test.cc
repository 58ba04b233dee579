// What explain() says of every policy in testdata: a change there is to be seen in review. To write
// them anew: EMILUA_GOLDEN=$PWD bazel-bin/lib/sandbox/explain_test
#include <gtest/gtest.h>
#include <linux/sched.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

#include "lib/sandbox/policy.h"
#include "lib/sandbox/test_golden.h"

namespace emilua::sandbox {
namespace {

const std::filesystem::path directory = "lib/sandbox/testdata";

std::vector<std::string> names() {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator{directory})
    if (entry.path().extension() == ".json") out.push_back(entry.path().stem());
  std::ranges::sort(out);
  return out;
}

subject subject_of(const std::string& name) {
  if (name.starts_with("actor_")) return subject::actor;
  if (name.starts_with("successor_")) return subject::successor;
  return name.starts_with("self_") ? subject::self : subject::program;
}

support support_of(const std::string& name) {
  support s = fixed_support();
  if (name == "no_landlock") {
    s.landlock_abi = 0;
    s.landlock_error = ENOSYS;
  }
  if (name == "no_namespaces") {
    s.namespaces = 0;
    std::ranges::fill(s.namespace_errors, EPERM);
  }
  return s;
}

class ExplainTest : public testing::TestWithParam<std::string> {};

TEST_P(ExplainTest, IsAsItWas) {
  const std::filesystem::path file = directory / GetParam();
  const auto policy = read_policy(golden_text(file.native() + ".json"));
  ASSERT_TRUE(policy) << policy.error().where << ": " << policy.error().what;
  const auto plan =
      make_plan(*policy, support_of(GetParam()), fixed_context(subject_of(GetParam())));
  ASSERT_TRUE(plan) << plan.error().where << ": " << plan.error().what;
  expect_golden(file.native() + ".txt", explain(*plan));
}

INSTANTIATE_TEST_SUITE_P(Policies, ExplainTest, testing::ValuesIn(names()),
                         [](const auto& policy) { return policy.param; });

}  // namespace
}  // namespace emilua::sandbox
