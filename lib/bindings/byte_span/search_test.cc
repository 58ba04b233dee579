#include "lib/bindings/byte_span/search.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace emilua::bindings {
namespace {

using position = std::optional<std::size_t>;

position to_position(std::size_t at) {
  return at == std::string_view::npos ? std::nullopt : position{at};
}

TEST(Search, FindsTheFirstOccurrence) {
  EXPECT_EQ(find_first("abcabc", "bc"), position{1});
  EXPECT_EQ(find_first("abcabc", "cb"), std::nullopt);
  EXPECT_EQ(find_first("abc", ""), position{0});
  EXPECT_EQ(find_first("", ""), std::nullopt);
  EXPECT_EQ(find_first("ab", "abc"), std::nullopt);
}

TEST(Search, TheLimitBoundsWhereTheLastOccurrenceBegins) {
  EXPECT_EQ(find_last("xyxy", "xy", 4), position{2});
  EXPECT_EQ(find_last("xyxy", "xy", 3), position{2});
  EXPECT_EQ(find_last("xyxy", "xy", 2), position{0});
  EXPECT_EQ(find_last("xyxy", "xy", 0), std::nullopt);
  EXPECT_EQ(find_last("xyxy", "y", 3), position{1});
  EXPECT_EQ(find_last("abc", "", 3), position{2});
  EXPECT_EQ(find_last("", "", 0), std::nullopt);
  EXPECT_EQ(find_last("ab", "abc", 2), std::nullopt);
}

TEST(Search, SetsAndTheirComplements) {
  EXPECT_EQ(find_first_of("k=v;", ";=", members::in), position{1});
  EXPECT_EQ(find_last_of("k=v;", ";=", members::in), position{3});
  EXPECT_EQ(find_first_of("  \xff", " ", members::out), position{2});
  EXPECT_EQ(find_last_of("\xff  ", " ", members::out), position{0});
  EXPECT_EQ(find_first_of("abc", "", members::in), std::nullopt);
  EXPECT_EQ(find_first_of("abc", "", members::out), position{0});
  EXPECT_EQ(find_last_of("abc", "", members::out), position{2});
  EXPECT_EQ(find_first_of("", "a", members::in), std::nullopt);
}

// Few letters, and patterns cut from the text: many matches that are partial, periodic, or both.
TEST(Search, AgreesWithTheStandardLibraryOnRandomTexts) {
  std::mt19937 random{42};
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  for (int round = 0; round < 60000; ++round) {
    const char letters = static_cast<char>(1 + below(3));
    const auto text_of = [&](std::size_t size) {
      std::string text(size, 'a');
      for (char& c : text) c = static_cast<char>('a' + below(static_cast<std::size_t>(letters)));
      return text;
    };
    std::string text = text_of(below(24));
    if (below(4) == 0) text += text + text;
    std::string target = text_of(below(8));
    if (!text.empty() && below(2) == 0) {
      const std::size_t begin = below(text.size());
      target = text.substr(begin, 1 + below(text.size() - begin));
    }
    const std::size_t limit = below(text.size() + 1);
    EXPECT_EQ(find_first(text, target),
              text.empty() ? std::nullopt : to_position(text.find(target)));
    EXPECT_EQ(find_last(text, target, limit),
              limit == 0 ? std::nullopt : to_position(text.rfind(target, limit - 1)))
        << text << " " << target << " " << limit;
    EXPECT_EQ(find_first_of(text, target, members::in), to_position(text.find_first_of(target)));
    EXPECT_EQ(find_last_of(text, target, members::in), to_position(text.find_last_of(target)));
    EXPECT_EQ(find_first_of(text, target, members::out),
              to_position(text.find_first_not_of(target)));
    EXPECT_EQ(find_last_of(text, target, members::out), to_position(text.find_last_not_of(target)));
  }
}

// Quadratic time would be hours, and reach the test's time limit.
TEST(Search, HostileArgumentsTakeLinearTime) {
  constexpr std::size_t half = 4 << 20;
  const std::string text(2 * half, 'a');
  const std::string same(half, 'a');
  EXPECT_EQ(find_last(text, same + 'b', text.size()), std::nullopt);
  EXPECT_EQ(find_last(text, 'b' + same, text.size()), std::nullopt);
  EXPECT_EQ(find_last(text, same + 'b' + same.substr(1), text.size()), std::nullopt);
  EXPECT_EQ(find_last(text, same, text.size()), position{half});
  EXPECT_EQ(find_first(text, same + 'b'), std::nullopt);
  EXPECT_EQ(find_first(text, 'b' + same), std::nullopt);
  EXPECT_EQ(find_first_of(text, same.substr(1) + 'b', members::out), std::nullopt);
  EXPECT_EQ(find_last_of(text, std::string(half, 'b'), members::in), std::nullopt);
  std::string periodic;
  while (periodic.size() < half) periodic += "ab";
  EXPECT_EQ(find_last(periodic + periodic, 'b' + periodic, half), position{half - 1});
  EXPECT_EQ(find_last(periodic + "c" + periodic, periodic + "b", 2 * half), std::nullopt);
}

}  // namespace
}  // namespace emilua::bindings
