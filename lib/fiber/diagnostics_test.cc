#include "lib/fiber/diagnostics.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/file.h"

namespace emilua::fiber {
namespace {

std::string reported(diagnostics log, std::string_view message, std::string_view details) {
  const base::unique_fd file{::memfd_create("diagnostics_test", MFD_CLOEXEC)};
  log.fd = file.get();
  log.report("Fiber 1 panicked: ", message, details);
  EXPECT_EQ(::lseek(file.get(), 0, SEEK_SET), 0);
  return base::read_all(file.get(), 1 << 20).value();
}

TEST(Report, HeadlineMessageAndDetails) {
  EXPECT_EQ(reported({}, "oops", "stack traceback:\n\tx"),
            "Fiber 1 panicked: 'oops'\nstack traceback:\n\tx\n");
  EXPECT_EQ(reported({}, "", ""), "Fiber 1 panicked: ''\n");
}

TEST(Report, ControlCharactersNeverReachTheTerminal) {
  EXPECT_EQ(reported({}, std::string_view{"\33[2J\0\7\x7f", 7}, ""),
            "Fiber 1 panicked: '\\x1b[2J\\x00\\x07\\x7f'\n");
}

TEST(Report, ColorsAreSgrAndEndWithTheReport) {
  const std::string text = reported({.color = true}, "oops", "trace");
  EXPECT_NE(text.find("\33[4moops\33["), text.npos);
  EXPECT_TRUE(text.ends_with("trace\33[22;24;39m\n")) << text;
}

TEST(Report, SilentBelowItsLevel) {
  EXPECT_EQ(reported({.max_level = 2}, "oops", ""), "");
  EXPECT_NE(reported({.max_level = 3}, "oops", ""), "");
}

TEST(WantColor, VariablesThenTerminal) {
  EXPECT_TRUE(want_color("1", "yes", false));
  EXPECT_FALSE(want_color("0", nullptr, true));
  EXPECT_TRUE(want_color(nullptr, nullptr, true));
  EXPECT_FALSE(want_color("", nullptr, false));
  EXPECT_FALSE(want_color(nullptr, "1", true));
  EXPECT_TRUE(want_color("maybe", "", true));
}

TEST(ParseLogLevel, LeadingBareNumber) {
  EXPECT_EQ(parse_log_level(nullptr, 4), 4);
  EXPECT_EQ(parse_log_level("2,glib:7", 4), 2);
  EXPECT_EQ(parse_log_level("7", 4), 7);
  for (const char* other : {"", "glib:7", "x", "2x", ",3"})
    EXPECT_EQ(parse_log_level(other, 4), 4) << other;
}

}  // namespace
}  // namespace emilua::fiber
