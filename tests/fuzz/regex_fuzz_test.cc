// Drives regex_fuzz.cc without libFuzzer: its seeds, then mutations of them, always the same ones.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "lib/regex/expression.h"
#include "tests/fuzz/guarded_memory.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using emilua::regex::grammar;

constexpr int mutation_count = 60'000;
constexpr std::size_t longest = 512;

struct seed {
  grammar syntax;
  std::string_view pattern;
};

constexpr seed seeds[] = {
    {grammar::basic, R"(^\(a*\)b\1\{2,3\}[]x-z]*\.$)"},
    {grammar::basic, R"(\(ab*\)*c[[:digit:][.hyphen.][=a=]]\{1,\}*)"},
    {grammar::extended, "(a|ab)(c|bcd)?(d*)x{2,}|[^a-c]+b$"},
    {grammar::extended, "((a*)*|b)+c.[[:space:]]{0,3}()|^x"},
    {grammar::ecma, R"((\d+)-(?:\w*?|[\s\S])\b(?=a(b))(?!c)\2)"},
    {grammar::ecma, R"([^]\B[\b\x41-\u0043]{1,2}?|\cA$[]|^(a+)+b)"},
};
constexpr std::string_view subjects[] = {
    "", "aabaa", "abcd12-34", "xx abcabc, cab\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa-", "\1\0\xff\r\n",
};

constexpr std::string_view pieces[] = {
    "(",   ")",   "\\(", "\\)",    "*",     "+",   "?",     "{2}",       "{0,3}", "\\{1,\\}", "|",
    "^",   "$",   ".",   "[",      "]",     "[^",  "-",     "[a-c]",     "\\b",   "\\B",      "\\d",
    "\\W", "\\1", "\\2", "(?:",    "(?=",   "(?!", "*?",    "[:alpha:]", "a",     "b",        "ab",
    "x",   "\n",  "a*",  "(a|b)*", "(a*)*", "\\",  "(?C1)", "\\K",       "a{9}",  "[[.a.]]",  ","};

std::string input(grammar syntax, unsigned bits, unsigned flags, std::string_view pattern,
                  std::string_view subject) {
  std::string text{static_cast<char>(static_cast<unsigned>(syntax) + bits),
                   static_cast<char>(flags),
                   static_cast<char>(std::min<std::size_t>(pattern.size(), 255))};
  return (text += pattern) += subject;
}

std::string mutated(std::string text, std::mt19937_64& random) {
  // Not std::uniform_int_distribution, whose results differ between libraries.
  const auto below = [&random](std::size_t bound) { return random() % bound; };
  const std::size_t at = below(text.size() + 1);
  switch (below(5)) {
    case 0:
      if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
      return text;
    case 1:
      return text.erase(at, 1 + below(4));
    case 2:
      return text.insert(at, text.substr(below(text.size() + 1), 1 + below(8)));
    default:
      return text.insert(at, pieces[below(std::size(pieces))]);
  }
}

TEST(RegexFuzz, SeedsKeepTheProperties) {
  guarded_memory memory{longest};
  for (const auto& [syntax, pattern] : seeds) {
    EXPECT_TRUE(emilua::regex::expression::compile(pattern, syntax)) << pattern;
    for (const std::string_view subject : subjects)
      for (unsigned flags = 0; flags != 128; ++flags) {
        const std::string text = input(syntax, (flags & 1) * 63, flags, pattern, subject);
        LLVMFuzzerTestOneInput(memory.place(text), text.size());
      }
  }
}

TEST(RegexFuzz, MutationsKeepTheProperties) {
  guarded_memory memory{longest};
  std::mt19937_64 random{20'220'101};
  int compiled = 0;
  for (int i = 0; i != mutation_count; ++i) {
    const seed& from = seeds[random() % std::size(seeds)];
    std::string pattern{from.pattern};
    pattern = pattern.substr(random() % pattern.size(), 1 + random() % pattern.size());
    for (std::size_t steps = 1 + random() % 6; steps != 0; --steps)
      pattern = mutated(std::move(pattern), random);
    std::string subject{subjects[random() % std::size(subjects)]};
    subject = mutated(std::move(subject), random);
    // Half of the time without any match flag.
    const auto flags = static_cast<unsigned>(random() % 2 * (random() % 128));
    const unsigned bits = 3 * static_cast<unsigned>(random() % 84);
    std::string text = input(from.syntax, bits, flags, pattern, subject);
    text.resize(std::min(text.size(), longest));
    LLVMFuzzerTestOneInput(memory.place(text), text.size());
    if (emilua::regex::expression::compile(pattern, from.syntax)) ++compiled;
  }
  // Or next to nothing has been matched.
  EXPECT_GT(compiled, mutation_count / 10);
  EXPECT_LT(compiled, mutation_count);
  RecordProperty("compiled", compiled);
}

}  // namespace
