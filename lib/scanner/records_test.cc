#include "lib/scanner/records.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "lib/regex/matcher.h"

namespace emilua::scanner {
namespace {

using regex::expression;
using regex::grammar;
using strings = std::vector<std::string>;
using namespace std::string_literals;
using namespace std::string_view_literals;

constexpr std::size_t usual_limit = 65536;

// A buffer with a splitter, fed with a text in pieces of at most `step` bytes.
class feed {
 public:
  feed(std::string_view text, std::size_t step, std::size_t capacity = 16,
       std::size_t limit = usual_limit)
      : text_(text), step_(step), limit_(limit), memory_(capacity) {
    records_.adopt(memory_, 0, 0);
  }

  // Up to a record, an error or the end.
  outcome next(const record_separator& separator) {
    auto what = records_.next(separator, limit_);
    while (what && (*what == outcome::more || *what == outcome::grow)) {
      if (*what == outcome::grow) {
        std::vector<char> larger(records_.wanted(limit_));
        EXPECT_GT(larger.size(), memory_.size());
        records_.move_to(larger);
        memory_.swap(larger);
      } else if (text_.empty()) {
        what = records_.finish(separator);
        break;
      } else {
        read();
      }
      what = records_.search(separator, limit_);
    }
    EXPECT_TRUE(what);
    return *what;
  }

  // "record<terminator>" for each.
  strings all(const record_separator& separator) {
    strings found;
    while (next(separator) == outcome::record)
      found.push_back(std::string{records_.record()} + '<' + std::string{records_.terminator()} +
                      '>');
    return found;
  }

  void set_limit(std::size_t limit) { limit_ = limit; }
  record_splitter& records() { return records_; }
  std::size_t capacity() const { return memory_.size(); }
  std::size_t reads() const { return reads_; }

 private:
  void read() {
    const auto room = records_.room();
    ASSERT_FALSE(room.empty());
    const std::size_t n = std::min({room.size(), step_, text_.size()});
    std::copy_n(text_.begin(), n, room.begin());
    text_.remove_prefix(n);
    records_.commit(n);
    ++reads_;
  }

  std::string_view text_;
  std::size_t step_;
  std::size_t limit_;
  std::vector<char> memory_;
  record_splitter records_;
  std::size_t reads_ = 0;
};

strings split(std::string_view text, const record_separator& separator, std::size_t step = 1000) {
  return feed{text, step}.all(separator);
}

TEST(Records, EndWithTheirSeparator) {
  EXPECT_EQ(split("a\nbc\n\nd\n", {.literal = "\n"}),
            (strings{"a<\n>", "bc<\n>", "<\n>", "d<\n>"}));
  EXPECT_EQ(split("", {.literal = "\n"}), strings{});
  EXPECT_EQ(split("a\nb\r\nc\r\n", {.literal = "\r\n"}), (strings{"a\nb<\r\n>", "c<\r\n>"}));
  EXPECT_EQ(split("a\0b\0"sv, {.literal = "\0"sv}), (strings{"a<\0>"s, "b<\0>"s}));
  EXPECT_EQ(split("aab", {.literal = "ab"}), strings{"a<ab>"});
}

TEST(Records, TheLastMayHaveNoTerminator) {
  EXPECT_EQ(split("a\nb", {.literal = "\n"}), (strings{"a<\n>", "b<>"}));
  EXPECT_EQ(split("a\r", {.literal = "\r\n"}), strings{"a\r<>"});
  const auto e = expression::compile("\r\n|\r", grammar::extended);
  EXPECT_EQ(split("a\rb\r\nc\r", {.pattern = &*e}), (strings{"a<\r>", "b<\r\n>", "c<\r>"}));
  EXPECT_EQ(split("a\rb", {.pattern = &*e}), (strings{"a<\r>", "b<>"}));
}

TEST(Records, SeparatorsAreFoundWhereverTheyAreCut) {
  for (const std::string literal : {"\n", "\r\n", "--boundary--", "aab", "aaaa"})
    for (std::size_t cut = 0; cut <= 3 + literal.size(); ++cut) {
      const std::string text = "xyz" + literal + "aa";
      feed input{text, 1000, 64};
      // What comes at first ends at `cut`.
      auto& records = input.records();
      const record_separator separator{.literal = literal};
      ASSERT_EQ(*records.next(separator, usual_limit), outcome::more);
      std::copy_n(text.begin(), cut, records.room().begin());
      records.commit(cut);
      auto what = records.search(separator, usual_limit);
      if (*what == outcome::more) {
        std::copy(text.begin() + static_cast<std::ptrdiff_t>(cut), text.end(),
                  records.room().begin());
        records.commit(text.size() - cut);
        what = records.search(separator, usual_limit);
      }
      ASSERT_EQ(*what, outcome::record) << literal << " cut at " << cut;
      EXPECT_EQ(records.record(), "xyz");
      EXPECT_EQ(records.terminator(), literal);
    }
}

std::string some_text() {
  std::string text;
  unsigned random = 1;
  for (int i = 0; i != 3000; ++i) {
    random = random * 1103515245 + 12345;
    text += "ab,;\r\n\r\n\0 x"[(random >> 16) % 11];
  }
  return text;
}

TEST(Records, PiecesOfAnySizeGiveTheSame) {
  const std::string text = some_text();
  for (const std::string literal : {"\n", "\r\n", "ab", ",;,", "\r\n\r\n", "aaaaaaaaaaaaaaaa"}) {
    const auto whole = split(text, {.literal = literal}, text.size());
    std::string joined;
    for (const std::string& record : whole) joined += record;
    std::erase_if(joined, [](char c) { return c == '<' || c == '>'; });
    EXPECT_EQ(joined, text) << "nothing is lost";
    for (std::size_t step = 1; step < 40; ++step)
      EXPECT_EQ(split(text, {.literal = literal}, step), whole) << step;
  }
  for (const grammar syntax : {grammar::extended, grammar::ecma})
    for (const char* pattern : {"\n", "\r?\n|\r", "[,;]+", "a|ab|abx", "(\r\n)+", "x*",
                                "(a|b)(,|;)", "a[^\n]*\n", "^a|b$"}) {
      const auto e = expression::compile(pattern, syntax);
      const auto whole = split(text, {.pattern = &*e}, text.size());
      for (std::size_t step = 1; step < 40; step += 3)
        EXPECT_EQ(split(text, {.pattern = &*e}, step), whole) << pattern << ' ' << step;
    }
}

TEST(Records, AnchorsNeverHold) {
  for (const char* pattern : {"^a", "a$", "^", "$"}) {
    const auto e = expression::compile(pattern, grammar::ecma);
    EXPECT_EQ(split("ababa", {.pattern = &*e}), strings{"ababa<>"}) << pattern;
  }
  const auto begins = expression::compile("\\ba", grammar::ecma);
  EXPECT_EQ(split("a a", {.pattern = &*begins}), strings{"a <a>"});
  const auto ends = expression::compile("a\\b", grammar::ecma);
  EXPECT_EQ(split("a a", {.pattern = &*ends}), (strings{"<a>", " a<>"}));
}

TEST(Records, EmptyMatchesEndNothing) {
  const auto e = expression::compile("x*", grammar::extended);
  EXPECT_EQ(split("abxxc", {.pattern = &*e}), (strings{"ab<xx>", "c<>"}));
}

TEST(Records, TheSeparatorMayChange) {
  feed input{"a\nb;c\n;d", 3};
  EXPECT_EQ(input.next({.literal = "\n"}), outcome::record);
  EXPECT_EQ(input.next({.literal = ";"}), outcome::record);
  EXPECT_EQ(input.records().record(), "b");
  EXPECT_EQ(input.next({.literal = ";"}), outcome::record);
  EXPECT_EQ(input.records().record(), "c\n");
}

TEST(Records, MemoryDoublesUpToTheLimit) {
  const std::string text = std::string(99, 'x') + "\n" + std::string(100, 'y') + "\n";
  feed input{text, 7, 10, 100};
  EXPECT_EQ(input.next({.literal = "\n"}), outcome::record);
  EXPECT_EQ(input.capacity(), 100);
  EXPECT_EQ(input.next({.literal = "\n"}), outcome::too_long);
  EXPECT_EQ(input.records().unread(), std::string(100, 'y'));
  EXPECT_EQ(input.next({.literal = "\n"}), outcome::too_long);
  input.set_limit(150);
  EXPECT_EQ(input.next({.literal = "\n"}), outcome::record);
  EXPECT_EQ(input.records().record(), std::string(100, 'y'));
  EXPECT_EQ(input.capacity(), 150);
}

TEST(Records, ALastRecordOfTheLimitIsTooLong) {
  EXPECT_EQ((feed{"xxxx", 10, 4, 4}.next({.literal = "\n"})), outcome::too_long);
  EXPECT_EQ((feed{"xxx", 10, 4, 4}.next({.literal = "\n"})), outcome::record);
  EXPECT_EQ((feed{"xxx\n", 10, 4, 4}.next({.literal = "\n"})), outcome::record);
}

TEST(Records, MemoryBeyondTheLimitIsNotTakenAway) {
  const std::string text = std::string(30, 'x') + "\n";
  feed input{text, 1000, 40, 10};
  EXPECT_EQ(input.next({.literal = "\n"}), outcome::record);
  EXPECT_EQ(input.capacity(), 40);
}

TEST(Records, NoMemoryIsWhereGrowingBegins) {
  feed input{"a\n", 1000, 0};
  EXPECT_EQ(input.next({.literal = "\n"}), outcome::record);
  EXPECT_EQ(input.capacity(), least_capacity);
  EXPECT_EQ((feed{"a\n", 1000, 0, 3}.next({.literal = "\n"})), outcome::record);
  EXPECT_EQ((feed{"a\n", 1000, 0, 0}.next({.literal = "\n"})), outcome::too_long);
}

TEST(Records, RemovingKeepsWhatIsBehind) {
  feed input{"head\r\nrest", 1000};
  EXPECT_FALSE(input.records().has_record());
  EXPECT_EQ(input.next({.literal = "\r\n"}), outcome::record);
  EXPECT_EQ(input.records().unread(), "head\r\nrest");
  input.records().remove_record();
  EXPECT_FALSE(input.records().has_record());
  EXPECT_EQ(input.records().unread(), "rest");
  input.records().remove_record();
  EXPECT_EQ(input.records().unread(), "rest");
}

TEST(Records, MemoryIsTakenOverWithWhatIsInIt) {
  std::vector<char> memory{'o', 'l', 'd', 'a', '\n', 'b', '?', '?'};
  record_splitter records;
  EXPECT_EQ(records.unread(), "");
  records.adopt(memory, 3, 6);
  EXPECT_EQ(*records.next({.literal = "\n"}, usual_limit), outcome::record);
  EXPECT_EQ(records.record(), "a");
  EXPECT_EQ(*records.next({.literal = "\n"}, usual_limit), outcome::more);
  EXPECT_EQ(records.unread(), "b");
  EXPECT_EQ(*records.finish({.literal = "\n"}), outcome::record);
  EXPECT_EQ(*records.next({.literal = "\n"}, usual_limit), outcome::more);
  EXPECT_EQ(*records.finish({.literal = "\n"}), outcome::end);
}

TEST(Records, LieWhereTheyWerePut) {
  std::vector<char> memory(usual_limit);
  const std::string text = std::string(3000, 'a') + "\n" + std::string(3000, 'b') + "\n";
  std::copy(text.begin(), text.end(), memory.begin());
  record_splitter records;
  records.adopt(memory, 0, text.size());
  EXPECT_EQ(*records.next({.literal = "\n"}, usual_limit), outcome::record);
  EXPECT_EQ(records.record().data(), memory.data());
  EXPECT_EQ(*records.next({.literal = "\n"}, usual_limit), outcome::record);
  EXPECT_EQ(records.record().data(), memory.data() + 3001);
}

TEST(Records, AreFollowedWhereTheyLie) {
  std::string text;
  for (int i = 0; i != 100; ++i) text += std::string(100, static_cast<char>('a' + i % 26)) + "\n";
  std::vector<char> memory(usual_limit);
  std::copy(text.begin(), text.end(), memory.begin());
  record_splitter records;
  records.adopt(memory, 0, text.size());
  ASSERT_EQ(*records.next({.literal = "\n"}, usual_limit), outcome::record);
  const auto first = records.current();
  std::vector<record_splitter::place> places{first};
  while (records.follow("\n")) {
    EXPECT_EQ(records.record(), std::string(100, static_cast<char>('a' + places.size() % 26)));
    places.push_back(records.current());
  }
  // Those that may move are not followed.
  EXPECT_GT(places.size(), 80);
  EXPECT_LT(places.size(), 100);
  records.return_to(places[3]);
  EXPECT_EQ(records.record(), std::string(100, 'd'));
  EXPECT_EQ(*records.next({.literal = "\n"}, usual_limit), outcome::record);
  EXPECT_EQ(records.record(), std::string(100, 'e'));
  records.return_to(first);
  EXPECT_EQ(records.unread(), text);
  EXPECT_FALSE(records.follow("nowhere"));
  EXPECT_EQ(records.record(), std::string(100, 'a'));
}

// The steps of all pieces are counted together.
TEST(Records, AnExpressionEndsInBoundedTime) {
  const auto e = expression::compile("(a|aa)+(b)\\2", grammar::ecma);
  std::vector<char> memory(usual_limit);
  record_splitter records;
  records.adopt(memory, 0, 0);
  const record_separator separator{.pattern = &*e};
  auto what = records.next(separator, usual_limit);
  while (what && *what == outcome::more) {
    records.room().front() = 'a';
    records.commit(1);
    what = records.search(separator, usual_limit);
  }
  ASSERT_FALSE(what);
  EXPECT_EQ(what.error(), regex::regex_errc::complexity);
}

// A separator that might still end somewhere is looked for from its beginning each time.
TEST(Records, SmallPiecesDoNotMultiplyTheSteps) {
  const auto e = expression::compile("a[^b]*b", grammar::ecma);
  std::vector<char> memory(std::size_t{1} << 20);
  record_splitter records;
  records.adopt(memory, 0, 0);
  const record_separator separator{.pattern = &*e};
  auto what = records.next(separator, memory.size());
  while (what && *what == outcome::more) {
    records.room().front() = 'a';
    records.commit(1);
    what = records.search(separator, memory.size());
  }
  ASSERT_FALSE(what);
  EXPECT_EQ(what.error(), regex::regex_errc::complexity);
}

}  // namespace
}  // namespace emilua::scanner
