#include "lib/base/printable.h"

#include <gtest/gtest.h>

namespace emilua::base {
namespace {

using namespace std::string_view_literals;

TEST(printable_test, control_characters_become_visible) {
  EXPECT_EQ(printable("a\x1b[31mb\n\t\x7f\0c"sv), "a\\x1b[31mb\\x0a\\x09\\x7f\\x00c");
}

TEST(printable_test, some_can_be_kept) { EXPECT_EQ(printable("a\n\tb\r", "\n\t"), "a\n\tb\\x0d"); }

TEST(printable_test, the_second_set_is_one_too_in_utf8_and_as_bytes) {
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\xc2\\x9b31m");
  EXPECT_EQ(printable("\x9b"
                      "31m"),
            "\\x9b31m");
  EXPECT_EQ(printable("\xc2"), "\xc2");
}

TEST(printable_test, letters_stay_as_they_are) {
  // Their second bytes alone would be controls.
  EXPECT_EQ(printable("ĀÀ€ \xf0\x9f\x90\x9a"), "ĀÀ€ \xf0\x9f\x90\x9a");
  EXPECT_EQ(printable("caf\xe9"), "caf\xe9");
  EXPECT_EQ(printable(""), "");
}

}  // namespace
}  // namespace emilua::base
