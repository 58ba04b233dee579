#include "lib/sandbox/syscall_rules.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace emilua::sandbox {
namespace {

using kind = syscall_action::kind;

TEST(Comparisons, RoundTrip) {
  for (const char* text : {"==", "~=", "<", "<=", ">", ">=", "&=="}) {
    const auto parsed = parse_comparison(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(comparison_name(*parsed), text);
  }
  EXPECT_EQ(parse_comparison("=="), comparison::equal);
  EXPECT_EQ(parse_comparison("~="), comparison::not_equal);
  EXPECT_EQ(parse_comparison("<"), comparison::less);
  EXPECT_EQ(parse_comparison("<="), comparison::less_equal);
  EXPECT_EQ(parse_comparison(">"), comparison::greater);
  EXPECT_EQ(parse_comparison(">="), comparison::greater_equal);
  EXPECT_EQ(parse_comparison("&=="), comparison::masked_equal);
}

TEST(Comparisons, OthersAreNone) {
  for (const char* text : {"", "=", "!=", "===", "& ==", "&"})
    EXPECT_EQ(parse_comparison(text), std::nullopt) << text;
}

TEST(Actions, RoundTrip) {
  for (const char* text : {"allow", "kill", "kill_thread", "errno:EPERM", "errno:ENOSYS",
                           "errno:4095", "log", "trap", "notify"}) {
    const auto parsed = parse_action(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(action_name(*parsed), text);
  }
  EXPECT_EQ(parse_action("kill")->what, kind::kill);
  EXPECT_EQ(parse_action("errno:EACCES"), (syscall_action{kind::error, EACCES}));
  EXPECT_EQ(parse_action("errno:13"), (syscall_action{kind::error, EACCES}));
  EXPECT_EQ(action_name(*parse_action("errno:13")), "errno:EACCES");
}

TEST(Actions, OthersAreNone) {
  for (const char* text : {"", "Kill", "errno", "errno:", "errno:0", "errno:-1", "errno:4096",
                           "errno:EWHAT", "errno:1 ", "errno:0x1", "allow ", "trace", "kill:1"})
    EXPECT_EQ(parse_action(text), std::nullopt) << text;
}

}  // namespace
}  // namespace emilua::sandbox
