#include "lib/scanner/fields.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace emilua::scanner {
namespace {

using regex::expression;
using regex::grammar;
using strings = std::vector<std::string>;

strings fields_of(std::string_view record, const field_rule& rule) {
  strings found;
  field_cursor fields{record, rule};
  for (;;) {
    const auto more = fields.next();
    if (!more) {
      found.push_back(more.error().message());
      return found;
    }
    if (!*more) break;
    found.emplace_back(record.substr(fields.field().begin, fields.field().size()));
  }
  EXPECT_FALSE(*fields.next()) << "the end stays the end";
  return found;
}

strings by_literal(std::string_view record, std::string_view literal) {
  return fields_of(record, {.literal = literal});
}

strings by_separator(std::string_view record, std::string_view pattern,
                     grammar syntax = grammar::extended) {
  const auto e = expression::compile(pattern, syntax);
  return fields_of(record, {.separator = &*e});
}

strings by_pattern(std::string_view record, std::string_view pattern,
                   grammar syntax = grammar::extended) {
  const auto e = expression::compile(pattern, syntax);
  return fields_of(record, {.pattern = &*e});
}

TEST(Trimmed, TakesTheSetFromBothEnds) {
  EXPECT_EQ(trimmed(" \t a b \r\n", white_space), "a b");
  EXPECT_EQ(trimmed("a", white_space), "a");
  EXPECT_EQ(trimmed(" \f\n\r\t\v", white_space), "");
  EXPECT_EQ(trimmed("", white_space), "");
  EXPECT_EQ(trimmed("xxaxx", "x"), "a");
  EXPECT_EQ(trimmed(" a ", ""), " a ");
  const std::string_view text = "  ";
  EXPECT_EQ(trimmed(text, white_space).data(), text.data());
}

TEST(Fields, LiteralsKeepWhatIsEmpty) {
  EXPECT_EQ(by_literal(",a,,b,", ","), (strings{"", "a", "", "b", ""}));
  EXPECT_EQ(by_literal("", ","), strings{});
  EXPECT_EQ(by_literal(",", ","), (strings{"", ""}));
  EXPECT_EQ(by_literal("a", ","), strings{"a"});
  EXPECT_EQ(by_literal("a::b:c::", "::"), (strings{"a", "b:c", ""}));
  EXPECT_EQ(by_literal(":::", "::"), (strings{"", ":"}));
  EXPECT_EQ(by_literal(std::string_view{"a\0b", 3}, std::string_view{"\0", 1}),
            (strings{"a", "b"}));
}

// Single bytes are looked for in another way than longer literals.
TEST(Fields, SingleBytesAreFoundEverywhere) {
  for (const char byte : {',', '\0', '\x7f', '\x80', '\xff', '\x01'})
    for (std::size_t size = 0; size != 40; ++size)
      for (unsigned kind = 0; kind != 64; ++kind) {
        std::string record(size, static_cast<char>(byte ^ (kind % 2 != 0 ? 1 : 0x80)));
        strings expected;
        std::size_t from = 0;
        for (std::size_t i = 0; i != size; ++i)
          if ((i * 2654435761U + kind) % (kind / 8 + 1) == 0) {
            record[i] = byte;
            expected.push_back(record.substr(from, i - from));
            from = i + 1;
          }
        if (size != 0) expected.push_back(record.substr(from));
        EXPECT_EQ(by_literal(record, {&byte, 1}), expected) << size << ' ' << kind;
      }
}

TEST(Fields, ExpressionsDropAnEmptyLastOne) {
  for (const char* pattern : {",", ",|;;", "[,]", "(,)"}) {
    EXPECT_EQ(by_separator(",a,,b,", pattern), (strings{"", "a", "", "b"})) << pattern;
    EXPECT_EQ(by_separator("", pattern), strings{""}) << pattern;
    EXPECT_EQ(by_separator(",", pattern), strings{""}) << pattern;
    EXPECT_EQ(by_separator("a", pattern), strings{"a"}) << pattern;
    EXPECT_EQ(by_separator("a,,", pattern), (strings{"a", ""})) << pattern;
  }
}

TEST(Fields, EmptyMatchesSeparateNothing) {
  EXPECT_EQ(by_separator("abc", "x*"), strings{"abc"});
  EXPECT_EQ(by_separator("axxb", "x*"), (strings{"a", "b"}));
}

TEST(Fields, PatternsAreTheFields) {
  EXPECT_EQ(by_pattern("1234", "[0-9]"), (strings{"1", "2", "3", "4"}));
  EXPECT_EQ(by_pattern("a1b22", "[0-9]+"), (strings{"1", "22"}));
  EXPECT_EQ(by_pattern("", "[0-9]"), strings{});
  EXPECT_EQ(by_pattern("ab", "x*"), (strings{"", "", ""}));
  EXPECT_EQ(by_pattern("axb", "x*"), (strings{"", "x", "", ""}));
  EXPECT_EQ(by_pattern("aaa", "a??", grammar::ecma), (strings{"", "a", "", "a", "", "a", ""}));
}

// What costs no matcher finds what a matcher does.
TEST(Fields, RunsAreWhatMatchersFind) {
  struct {
    const char* fast;
    const char* slow;
  } const pairs[] = {{"[ \t]+", "([ \t])+"},   {",", "(,)"},
                     {"[,;]", "(,|;)"},        {" +", "( )+"},
                     {"[^a-z]+", "([^a-z])+"}, {" {1,}", "( ){1,}"}};
  for (const auto& [fast, slow] : pairs) {
    const auto run = expression::compile(fast, grammar::extended);
    const auto other = expression::compile(slow, grammar::extended);
    EXPECT_TRUE(run->run()) << fast;
    EXPECT_FALSE(other->run()) << slow;
    for (const char* record : {"", " ", "a", " a", "a ", " a  b\t c", ",,a;b,", "  ,;  ", "a, b"})
      EXPECT_EQ(fields_of(record, {.separator = &*run}), fields_of(record, {.separator = &*other}))
          << fast << " in " << record;
  }
}

TEST(Fields, OnlySetsAreRuns) {
  const auto is_run = [](const char* pattern, grammar syntax, regex::options how = {}) {
    return expression::compile(pattern, syntax, how)->run().has_value();
  };
  for (const char* pattern : {"a*", "a?", "a{2}", "a{2,}", "a{1,3}", "ab", "a|b", "(a)", "^a", "a$",
                              "^", "(a)+", "a+b", "(a|b)+", "()"})
    EXPECT_FALSE(is_run(pattern, grammar::extended)) << pattern;
  for (const char* pattern : {"a+?", "(?:a)", "(?=a)", "\\ba", "a\\b", "(a)\\1"})
    EXPECT_FALSE(is_run(pattern, grammar::ecma)) << pattern;
  EXPECT_TRUE(is_run("\\s+", grammar::ecma));
  EXPECT_TRUE(is_run("a", grammar::basic));
  EXPECT_FALSE(is_run("a", grammar::basic, {.ignore_case = true}));
}

TEST(Fields, TooManyStepsAreAnError) {
  const std::string record = std::string(100, 'a') + "b";
  const auto e = expression::compile("(a+)+$", grammar::ecma);
  field_cursor fields{record, {.separator = &*e}};
  EXPECT_EQ(fields.next().error(), regex::regex_errc::complexity);
}

}  // namespace
}  // namespace emilua::scanner
