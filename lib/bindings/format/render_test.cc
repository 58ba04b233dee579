#include "lib/bindings/format/render.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

namespace emilua::bindings {
namespace {

using namespace std::string_view_literals;

format_argument value(double number) { return {.value = number}; }
format_argument text(std::string_view s) { return {.value = s}; }
format_argument boolean(bool b) { return {.value = b}; }

// What render() complains of; empty if it does not.
std::string complaint(std::string_view format, std::initializer_list<format_argument> arguments) {
  try {
    (void)render(format, arguments);
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return {};
}

TEST(Render, TextAndBraces) {
  EXPECT_EQ(render("", {}), "");
  EXPECT_EQ(render("plain", {}), "plain");
  EXPECT_EQ(render("{{}} {{{}}}", {value(1)}), "{} {1}");
  EXPECT_EQ(render("a\0b{}"sv, {text("\0"sv)}), "a\0b\0"sv);
}

TEST(Render, NumbersThatAnIntegerHoldsAreIntegers) {
  EXPECT_EQ(render("{} {} {}", {value(2.0), value(-0.0), value(-7)}), "2 0 -7");
  EXPECT_EQ(render("{}", {value(-0x1p63)}), "-9223372036854775808");
  EXPECT_EQ(render("{}", {value(0x1p63 - 1024)}), "9223372036854774784");
  EXPECT_EQ(
      render("{:x} {:#b} {:o} {:c} {:+d}", {value(255), value(5), value(8), value('A'), value(3)}),
      "ff 0b101 10 A +3");
  EXPECT_NE(complaint("{:.2f}", {value(3)}), "");
  EXPECT_NE(complaint("{:e}", {value(3)}), "");
  EXPECT_NE(complaint("{:.2}", {value(3)}), "");
}

TEST(Render, OtherNumbersAreDoubles) {
  EXPECT_EQ(render("{} {} {}", {value(0.1), value(1e300), value(-2.5)}), "0.1 1e+300 -2.5");
  EXPECT_EQ(render("{}", {value(0x1p63)}), "9.223372036854776e+18");
  EXPECT_EQ(render("{} {}", {value(INFINITY), value(-INFINITY)}), "inf -inf");
  EXPECT_NE(render("{}", {value(NAN)}).find("nan"), std::string::npos);
  EXPECT_EQ(render("{:.2f} {:8.3e}|{:g}", {value(3.25), value(0.5), value(0.25)}),
            "3.25 5.000e-01|0.25");
  EXPECT_EQ(render("{:08.2f}", {value(-3.25)}), "-0003.25");
  EXPECT_NE(complaint("{:d}", {value(0.5)}), "");
  EXPECT_NE(complaint("{:x}", {value(0.5)}), "");
}

TEST(Render, BooleansAndStrings) {
  EXPECT_EQ(render("{} {:d} {:6}|", {boolean(true), boolean(false), boolean(true)}),
            "true 0 true  |");
  EXPECT_EQ(render("{:4}|{:>4}|{:.2}|{:*^5}|", {text("é"), text("é"), text("abc"), text("x")}),
            "é   |   é|ab|**x**|");
  EXPECT_EQ(render("{:?}", {text("a\n\"\\")}), R"("a\n\"\\")");
  EXPECT_NE(complaint("{:d}", {text("1")}), "");
  EXPECT_NE(complaint("{:?}", {boolean(true)}), "");
}

TEST(Render, NamesAndPositions) {
  EXPECT_EQ(render("{0} {a}", {value(1), {.value = 2.0, .name = "a"}}), "1 2");
  EXPECT_EQ(render("{} {}", {value(1), {.value = 2.5, .name = "k"}}), "1 2.5");
  EXPECT_EQ(render("{a}", {{.value = "first", .name = "a"}, {.value = "second", .name = "a"}}),
            "first");
  EXPECT_EQ(render("{:{}.{}f}", {value(0.25), value(6), value(3)}), " 0.250");
  EXPECT_EQ(render("{0:{w}}", {text("x"), {.value = 3.0, .name = "w"}}), "x  ");
  EXPECT_EQ(complaint("{a}", {{.value = 1.0, .name = "a\0b"sv}}), "argument not found");
}

TEST(Render, FaultyTexts) {
  for (const char* faulty :
       {"{", "}", "{0} {}", "{} {0}", "{1}", "{nope}", "{:", "{:y}", "{0", "{ }", "{:.}", "{:{}}",
        "{:99999999999}", "{99999999999}", "{0:.{99999999999}}"})
    EXPECT_NE(complaint(faulty, {value(0.5)}), "") << faulty;
  EXPECT_NE(complaint("{:{}}", {value(1), value(0.5)}), "");
  EXPECT_NE(complaint("{:{}}", {value(1), value(-1)}), "");
  EXPECT_NE(complaint("{:{}}", {value(1), text("1")}), "");
  EXPECT_EQ(complaint("{}", {value(1), value(2)}), "");
}

TEST(Render, ResultsAreBounded) {
  const std::string limit = "format: result too long";
  EXPECT_EQ(render("{:67108864}", {text("")}).size(), max_rendered_size);
  EXPECT_EQ(complaint("{:67108865}", {text("")}), limit);
  EXPECT_EQ(complaint("{:67108864}x", {text("")}), limit);
  EXPECT_EQ(complaint("{:999999999}", {value(1)}), limit);
  EXPECT_EQ(complaint("{:0999999999}", {value(1)}), limit);
  EXPECT_EQ(complaint("{:é<2147483647}", {value(0.5)}), limit);
  EXPECT_EQ(complaint("{:>{}}", {text("x"), value(2147483647)}), limit);
  EXPECT_EQ(complaint("{:.999999999f}", {value(12.5)}), limit);
  EXPECT_NE(complaint("{:.2147483647f}", {value(12.5)}), "");
  EXPECT_EQ(complaint("{:.2147483646e}", {value(0.5)}), limit);
  EXPECT_EQ(complaint("{:#.2147483647g}", {value(12.5)}), limit);
  EXPECT_EQ(complaint("{:#.2147483647}", {value(12.5)}), limit);
  EXPECT_EQ(render("{:.2147483647g}", {value(0.5)}), "0.5");
  EXPECT_EQ(render("{:.2147483647}", {text("abc")}), "abc");
}

TEST(Render, HexadecimalDoublesAreBoundedToo) {
  const std::string limit = "format: result too long";
  EXPECT_EQ(render("{:a} {:.2a} {:8.1A}", {value(0.5), value(0.5), value(1.5)}),
            "0x1p-1 0x1.00p-1 0X1.8P+0");
  EXPECT_EQ(render("{:a<6.1f}{:.<8a}{:.<{}.{}a}",
                   {value(0.5), value(0.5), value(0.5), value(9), value(0)}),
            "0.5aaa0x1p-1..0x1p-1...");
  EXPECT_EQ(render("{:.1La}", {value(0.5)}), "0x1.0p-1");
  EXPECT_EQ(complaint("{:.2147483647a}", {value(0.5)}), limit);
  EXPECT_EQ(complaint("{:.2147483647LA}", {value(0.5)}), limit);
  EXPECT_EQ(complaint("{:.<9.67108865a}", {value(0.5)}), limit);
  EXPECT_EQ(complaint("{:.{}a}", {value(0.5), value(2147483647)}), limit);
  EXPECT_EQ(complaint("{:{}.{}a}", {value(0.5), value(9), value(2147483647)}), limit);
  EXPECT_EQ(complaint("{} {:.{}a}", {value(1), value(0.5), value(2147483647)}), limit);
  EXPECT_EQ(complaint("{0:.{1}a}", {value(0.5), value(2147483647)}), limit);
  EXPECT_EQ(complaint("{:.{p}a}", {value(0.5), {.value = 2147483647.0, .name = "p"}}), limit);
  EXPECT_EQ(complaint("{:{p}a}", {value(0.5), {.value = 2147483647.0, .name = "p"}}), limit);
  EXPECT_NE(complaint("{0:.{1}a}", {value(0.5), value(-1)}), "");
  EXPECT_NE(complaint("{0:.{1}a}", {value(0.5), value(0x1p40)}), "");
  EXPECT_NE(complaint("{0:.{7}a}", {value(0.5)}), "");
  EXPECT_NE(complaint("{0:.{99999999999}a}", {value(0.5)}), "");
  EXPECT_NE(complaint("{0:.{4294967295}a}", {value(0.5)}), "");
  EXPECT_NE(complaint("{0:.{nope}a}", {value(0.5)}), "");
  EXPECT_NE(complaint("{0:.{1}a}", {value(0.5), boolean(true)}), "");
}

TEST(Render, ThousandsOfArguments) {
  std::vector<format_argument> arguments;
  std::string fields, expected;
  for (int i = 0; i < 8000; ++i) {
    arguments.push_back({.value = i + 0.5, .name = "n"});
    fields += "{}";
    expected += std::to_string(i) + ".5";
  }
  EXPECT_EQ(render(fields, arguments), expected);
}

// Whatever the text, there is a result or an exception.
TEST(Render, RandomTexts) {
  std::mt19937 random{20};
  constexpr auto alphabet = "{{{}}}::::<^>+-# 00129..aAbcdeEfFgGLoxXs?pk_é\xff\0"sv;
  const std::vector<format_argument> arguments = {value(1),      value(-2.5),
                                                  value(12),     text("text \x80 \0\n"sv),
                                                  boolean(true), {.value = 3.0, .name = "k"},
                                                  value(NAN),    {.value = 0.1, .name = "a"}};
  int results = 0;
  for (int n = 0; n < 20000; ++n) {
    std::string format = "{";
    for (auto length = random() % 12; length > 0; --length)
      format += alphabet[random() % alphabet.size()];
    format += "}";
    try {
      (void)render(format, arguments);
      ++results;
    } catch (const std::runtime_error&) {
    }
  }
  EXPECT_GT(results, 50);
}

}  // namespace
}  // namespace emilua::bindings
