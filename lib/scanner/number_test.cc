#include "lib/scanner/number.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>

namespace emilua::scanner {
namespace {

void expect_what_strtod_gives(const std::string& text) {
  const auto number = plain_number(text);
  ASSERT_TRUE(number) << text;
  EXPECT_EQ(std::bit_cast<std::uint64_t>(*number),
            std::bit_cast<std::uint64_t>(std::strtod(text.c_str(), nullptr)))
      << text;
}

TEST(PlainNumber, IsWhatStrtodGives) {
  for (const char* text : {"0", "-0", "7", "-7", "007", "0.1", "-0.3", "3.14159", "0.0", "-0.000",
                           "999999999999999", "-999999999999999", "0.99999999999999",
                           "99999999.9999999", "000000000000001", "0.30000000000000"})
    expect_what_strtod_gives(text);
  std::mt19937_64 source{1};
  for (int n = 0; n != 200000; ++n) {
    const std::size_t size = 1 + source() % 15, point = source() % (size + 1);
    std::string text;
    for (std::size_t i = 0; i != size; ++i) text += static_cast<char>('0' + source() % 10);
    if (point != 0 && point != size) text.insert(point, ".");
    if (source() % 4 == 0) text.insert(0, "-");
    expect_what_strtod_gives(text);
  }
}

TEST(PlainNumber, LeavesOtherTextAlone) {
  using namespace std::string_view_literals;
  for (const std::string_view text : {""sv,
                                      "-"sv,
                                      "--1"sv,
                                      "+1"sv,
                                      "1."sv,
                                      ".5"sv,
                                      "-.5"sv,
                                      "1.2.3"sv,
                                      " 1"sv,
                                      "1 "sv,
                                      "1e5"sv,
                                      "0x10"sv,
                                      "inf"sv,
                                      "nan"sv,
                                      "1\0"sv,
                                      "1,5"sv,
                                      "1234567890123456"sv,
                                      "0.123456789012345"sv,
                                      "1.234567890123456"sv,
                                      "00000000000000000000"sv,
                                      "/"sv,
                                      ":"sv,
                                      "1:"sv,
                                      "\xb1"sv})
    EXPECT_FALSE(plain_number(text)) << text;
}

TEST(PlainNumber, ReadsNoFurtherThanTheText) {
  EXPECT_EQ(plain_number(std::string_view{"12345"}.substr(1, 3)), 234);
  EXPECT_EQ(plain_number(std::string_view{"1.25"}.substr(0, 3)), 1.2);
}

}  // namespace
}  // namespace emilua::scanner
