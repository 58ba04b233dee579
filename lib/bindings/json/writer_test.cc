#include "lib/bindings/json/writer.h"

#include <gtest/gtest.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <string_view>

namespace emilua::bindings::json {
namespace {

std::string number(double value) {
  writer out;
  out.number(value);
  return std::string{out.text()};
}

std::string string(std::string_view text) {
  writer out;
  out.string(text);
  return std::string{out.text()};
}

TEST(JsonWriter, NumbersAreShort) {
  EXPECT_EQ(number(0), "0");
  EXPECT_EQ(number(-0.0), "-0");
  EXPECT_EQ(number(2), "2");
  EXPECT_EQ(number(1.5), "1.5");
  EXPECT_EQ(number(1e-7), "1e-7");
  EXPECT_EQ(number(1e-10), "1e-10");
  EXPECT_EQ(number(1e-100), "1e-100");
  EXPECT_EQ(number(1e17), "100000000000000000");
  EXPECT_EQ(number(-0x1p63), "-9223372036854775808");
  EXPECT_EQ(number(0x1p63), "9.223372036854776e+18");
  EXPECT_EQ(number(1e300), "1e+300");
  EXPECT_EQ(number(std::numeric_limits<double>::max()), "1.7976931348623157e+308");
  EXPECT_EQ(number(-std::numeric_limits<double>::denorm_min()), "-5e-324");
  EXPECT_EQ(number(NAN), "null");
  EXPECT_EQ(number(-INFINITY), "null");
}

TEST(JsonWriter, NumbersComeBack) {
  std::mt19937_64 random{15};
  for (int i = 0; i != 200'000; ++i) {
    const std::uint64_t bits = random();
    double value;
    static_assert(sizeof value == sizeof bits);
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    const std::string text = number(value);
    double back;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), back);
    ASSERT_EQ(result.ptr, text.data() + text.size()) << text;
    ASSERT_EQ(back, value) << text;
  }
}

TEST(JsonWriter, StringsAreEscapedWhereTheyMustBe) {
  EXPECT_EQ(string(""), R"("")");
  EXPECT_EQ(string("a/b"), R"("a/b")");
  EXPECT_EQ(string("\"\\\b\f\n\r\t"), R"("\"\\\b\f\n\r\t")");
  EXPECT_EQ(string({"\0\x1f", 2}), R"("\u0000\u001f")");
  EXPECT_EQ(string("\x7f é 漢 😀"), "\"\x7f é 漢 😀\"");
  for (std::size_t before = 0; before != 20; ++before) {
    const std::string run(before, 'x');
    EXPECT_EQ(string(run + '"' + run), '"' + run + "\\\"" + run + '"');
    EXPECT_EQ(string(run + '\x80' + run), '"' + run + '?' + run + '"');
    EXPECT_EQ(string(run + "\xe2\x82"), '"' + run + "??\"");
  }
}

TEST(JsonWriter, SeparatorsAndLines) {
  writer out;
  const auto write = [&out] {
    out.begin_object();
    out.string("a");
    out.begin_array();
    out.number(1);
    out.begin_array();
    EXPECT_EQ(out.level(), 3U);
    EXPECT_TRUE(out.end_array());
    EXPECT_TRUE(out.end_array());
    out.string("b");
    out.boolean(true);
    EXPECT_FALSE(out.end_array());
    EXPECT_TRUE(out.end_object());
  };
  write();
  EXPECT_EQ(out.text(), R"({"a":[1,[]],"b":true})");
  out = {};
  out.set_indent(" ");
  write();
  EXPECT_EQ(out.text(), "{\n \"a\": [\n  1,\n  []\n ],\n \"b\": true\n}");
  EXPECT_FALSE(out.end_object());
  EXPECT_EQ(out.level(), 0U);
}

}  // namespace
}  // namespace emilua::bindings::json
