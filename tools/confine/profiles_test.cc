// What explain() says of every profile. To write the files anew:
// EMILUA_GOLDEN=$PWD bazel-bin/tools/confine/profiles_test
#include "tools/confine/profiles.h"

#include <gtest/gtest.h>

#include "lib/sandbox/test_golden.h"

namespace emilua::confine {
namespace {

TEST(ProfilesTest, AreExplainedAsTheyWere) {
  for (const std::string& name : profile_names()) {
    const auto plan = sandbox::make_plan(*make_profile(name), sandbox::fixed_support(),
                                         sandbox::fixed_context(sandbox::subject::program));
    ASSERT_TRUE(plan) << name << ": " << plan.error().where << ": " << plan.error().what;
    sandbox::expect_golden("tools/confine/testdata/" + name + ".txt", explain(*plan));
  }
}

}  // namespace
}  // namespace emilua::confine
