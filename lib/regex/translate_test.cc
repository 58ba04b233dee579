#include "lib/regex/translate.h"

#include <gtest/gtest.h>

#include <string>

namespace emilua::regex {
namespace {

using namespace std::string_view_literals;
constexpr std::size_t whole = std::string::npos;

struct faulty {
  std::string_view pattern;
  regex_errc code;
  std::size_t position;
};

void expect_failures(grammar syntax, std::initializer_list<faulty> patterns) {
  for (const auto& [pattern, code, position] : patterns) {
    const auto translated = translate(pattern, syntax);
    ASSERT_FALSE(translated) << pattern;
    EXPECT_EQ(translated.error().code, code) << pattern;
    EXPECT_EQ(translated.error().position, position) << pattern;
  }
}

// Without the callouts, and what only they need.
std::string pieces(std::string_view pattern, grammar syntax) {
  const auto translated = translate(pattern, syntax);
  if (!translated) return "error " + std::to_string(static_cast<int>(translated.error().code));
  std::string text = translated->text;
  for (std::size_t at; (at = text.find("(?C")) != text.npos;)
    text.erase(at, text.find(')', at) + 1 - at);
  return text;
}

TEST(Translate, WhatIsNoLetterOrDigitIsWrittenByItsNumber) {
  EXPECT_EQ(pieces("a-Z_9 \n\0\xff"sv, grammar::basic), R"(a\x2dZ\x5f9\x20\x0a\x00\xff)");
  for (const grammar syntax : {grammar::basic, grammar::extended, grammar::ecma})
    EXPECT_EQ(pieces("#<>&%~!@,;:'\"`=/", syntax),
              R"(\x23\x3c\x3e\x26\x25\x7e\x21\x40\x2c\x3b\x3a\x27\x22\x60\x3d\x2f)");
}

TEST(Translate, BasicKeepsItsSpecialCharactersBehindBackslashes) {
  EXPECT_EQ(pieces(R"(\(a\)\{2\}\1(b){|+?)", grammar::basic),
            R"((a){2}\g{1}\x28b\x29\x7b\x7c\x2b\x3f)");
  EXPECT_EQ(pieces(R"(\.\*\[\]\^\$\\\/)", grammar::basic), R"(\x2e\x2a\x5b\x5d\x5e\x24\x5c\x2f)");
  EXPECT_EQ(pieces(R"(a\{1,\}b\{0,3\})", grammar::basic), "a{1,}b{0,3}");
}

TEST(Translate, BasicAnchorsAndStarsDependOnTheirPlace) {
  EXPECT_EQ(pieces("^a^b$c$", grammar::basic), R"(^a\x5eb\x24c$)");
  EXPECT_EQ(pieces(R"(\(^a$\)\(*a\))", grammar::basic), R"((^a$)(\x2aa))");
  EXPECT_EQ(pieces("*a*", grammar::basic), R"(\x2aa*)");
  EXPECT_EQ(pieces("^*a", grammar::basic), R"(^\x2aa)");
  EXPECT_EQ(pieces("^**", grammar::basic), R"(^\x2a*)");
  EXPECT_EQ(pieces("a$*", grammar::basic), R"(a\x24*)");
}

TEST(Translate, BasicFaults) {
  expect_failures(
      grammar::basic,
      {
          {R"(a\)", regex_errc::escape, 1},         {R"(\w)", regex_errc::escape, 0},
          {R"(a\+)", regex_errc::escape, 1},        {R"(a\?)", regex_errc::escape, 1},
          {R"(a\|b)", regex_errc::escape, 1},       {R"(\<a)", regex_errc::escape, 0},
          {R"(\0)", regex_errc::escape, 0},         {R"(\1)", regex_errc::backref, 0},
          {R"(\(a\)\2)", regex_errc::backref, 5},   {R"(\(a\1\))", regex_errc::backref, 3},
          {R"(\(a)", regex_errc::paren, 0},         {R"(a\))", regex_errc::paren, 1},
          {R"(a\{1)", regex_errc::brace, 1},        {R"(a\{)", regex_errc::brace, 1},
          {R"(a\})", regex_errc::brace, 1},         {R"(a\{1})", regex_errc::badbrace, 4},
          {R"(a\{,2\})", regex_errc::badbrace, 3},  {R"(a\{x\})", regex_errc::badbrace, 3},
          {R"(a\{3,2\})", regex_errc::badbrace, 1}, {R"(\{1\})", regex_errc::badrepeat, 0},
          {R"(^\{1\})", regex_errc::badrepeat, 1},  {"a[b", regex_errc::brack, 1},
      });
}

TEST(Translate, ExtendedOperators) {
  EXPECT_EQ(pieces("(a|b)+c?d*e{2}f{1,}g{0,4}", grammar::extended),
            "(a|b){1,}c{0,1}d*e{2}f{1,}g{0,4}");
  EXPECT_EQ(pieces("a^b$c", grammar::extended), "a^b$c");
  EXPECT_EQ(pieces(R"(\(\)\[\]\{\}\*\+\?\|\.\^\$\\)", grammar::extended),
            R"(\x28\x29\x5b\x5d\x7b\x7d\x2a\x2b\x3f\x7c\x2e\x5e\x24\x5c)");
  EXPECT_EQ(pieces("a|", grammar::extended), "(?:a|)");
  EXPECT_EQ(pieces("()]}", grammar::extended), R"(()\x5d\x7d)");
  EXPECT_EQ(pieces(".", grammar::extended), ".");
}

TEST(Translate, PosixRepeatsWhatIsRepeated) {
  EXPECT_EQ(pieces("a**", grammar::basic), "(?:a*)*");
  EXPECT_EQ(pieces("(a)+?b", grammar::extended), "(?:(a){1,}){0,1}b");
  EXPECT_EQ(pieces("a{2}{3}", grammar::extended), "(?:a{2}){3}");
}

TEST(Translate, ExtendedFaults) {
  expect_failures(grammar::extended, {
                                         {R"(a\)", regex_errc::escape, 1},
                                         {R"((a)\1)", regex_errc::escape, 3},
                                         {R"(\d)", regex_errc::escape, 0},
                                         {R"(\>)", regex_errc::escape, 0},
                                         {"(a", regex_errc::paren, 0},
                                         {"(a(b)", regex_errc::paren, 0},
                                         {"a)", regex_errc::paren, 1},
                                         {"*a", regex_errc::badrepeat, 0},
                                         {"a|+", regex_errc::badrepeat, 2},
                                         {"(?:a)", regex_errc::badrepeat, 1},
                                         {"^*", regex_errc::badrepeat, 1},
                                         {"{1}", regex_errc::badrepeat, 0},
                                         {"a{", regex_errc::brace, 1},
                                         {"a{1,", regex_errc::brace, 1},
                                         {"a{1", regex_errc::brace, 1},
                                         {"a{,1}", regex_errc::badbrace, 2},
                                         {"a{b}", regex_errc::badbrace, 2},
                                         {"a{1x}", regex_errc::badbrace, 3},
                                         {"a{2,1}", regex_errc::badbrace, 1},
                                         {"a{65536}", regex_errc::space, 2},
                                         {"a{99999999999999999999}", regex_errc::space, 2},
                                     });
}

TEST(Translate, Brackets) {
  for (const grammar syntax : {grammar::basic, grammar::extended}) {
    EXPECT_EQ(pieces("[]a]", syntax), R"([\x5da])");
    EXPECT_EQ(pieces("[^]a]", syntax), R"([^\x5da])");
    EXPECT_EQ(pieces(R"([\n])", syntax), R"([\x5cn])");
    EXPECT_EQ(pieces("[--/]", syntax), R"([\x2d-\x2f])");
    EXPECT_EQ(pieces("[%--]", syntax), R"([\x25-\x2d])");
    EXPECT_EQ(pieces("[a-c-]", syntax), R"([\x2da-c])");
    EXPECT_EQ(pieces("[^^]", syntax), R"([^\x5e])");
  }
  for (const grammar syntax : {grammar::basic, grammar::extended, grammar::ecma}) {
    EXPECT_EQ(pieces("[a-cx]", syntax), "[a-cx]");
    EXPECT_EQ(pieces("[ab]", syntax), "[ab]");
    EXPECT_EQ(pieces("[-a]", syntax), R"([\x2da])");
    EXPECT_EQ(pieces("[a-]", syntax), R"([\x2da])");
    EXPECT_EQ(pieces("[a^]", syntax), R"([\x5ea])");
    EXPECT_EQ(pieces("[[a]", syntax), R"([\x5ba])");
    EXPECT_EQ(pieces("[.*$]", syntax), R"([\x24\x2a\x2e])");
    EXPECT_EQ(pieces("[[:digit:]_]", syntax), R"([0-9\x5f])");
    EXPECT_EQ(pieces("[^[:alpha:][:w:]]", syntax), R"([^0-9A-Z\x5fa-z])");
    EXPECT_EQ(pieces("[[:space:]]", syntax), R"([\x09-\x0d\x20])");
    EXPECT_EQ(pieces("[[.-.]-[=0=]]", syntax), R"([\x2d-0])");
    EXPECT_EQ(pieces("[[.hyphen.][.NUL.]]", syntax), R"([\x00\x2d])");
    EXPECT_EQ(pieces("[[.].][...]]", syntax), R"([\x2e\x5d])");
    expect_failures(syntax, {
                                {"[", regex_errc::brack, 0},
                                {"x[a", regex_errc::brack, 1},
                                {"[a-", regex_errc::brack, 0},
                                {"[^", regex_errc::brack, 0},
                                {"[[:alpha:", regex_errc::brack, 0},
                                {"[[:alpha:]", regex_errc::brack, 0},
                                {"[[:alpha]]", regex_errc::brack, 0},
                                {"[[:nope:]]", regex_errc::ctype, 1},
                                {"[[::]]", regex_errc::ctype, 1},
                                {"[[:ALPHA:]]", regex_errc::ctype, 1},
                                {"[a[.nope.]]", regex_errc::ctype, 2},
                                {"[[=ab=]]", regex_errc::ctype, 1},
                                {"[z-a]", regex_errc::range, 1},
                                {"[x[:alpha:]-z]", regex_errc::range, 2},
                                {"[a-[:alpha:]]", regex_errc::range, 1},
                            });
  }
  expect_failures(grammar::extended,
                  {{"[a-c-e]", regex_errc::range, 4}, {"[]", regex_errc::brack, 0}});
}

TEST(Translate, EcmaBrackets) {
  EXPECT_EQ(pieces("[]", grammar::ecma), "(?!)");
  EXPECT_EQ(pieces("[^]", grammar::ecma), ".");
  EXPECT_EQ(pieces("[]a]", grammar::ecma), R"((?!)a\x5d)");
  EXPECT_EQ(pieces(R"([\b\d\-\]\\\x41-\u0043\cA\0])", grammar::ecma),
            R"([\x00\x01\x08\x2d0-9A-C\x5c\x5d])");
  EXPECT_EQ(pieces(R"([^\W])", grammar::ecma), R"([^\x00-\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\xff])");
  EXPECT_EQ(pieces(R"([\s\S])", grammar::ecma), ".");
  EXPECT_EQ(pieces(R"([\d-])", grammar::ecma), R"([\x2d0-9])");
  EXPECT_EQ(pieces("[a-c-e]", grammar::ecma), R"([\x2da-ce])");
  expect_failures(grammar::ecma, {
                                     {R"([\d-x])", regex_errc::range, 1},
                                     {R"([a-\d])", regex_errc::range, 1},
                                     {R"([\B])", regex_errc::escape, 1},
                                     {R"([\1])", regex_errc::escape, 1},
                                     {R"([\q])", regex_errc::escape, 1},
                                     {R"([\)", regex_errc::escape, 1},
                                     {R"([\])", regex_errc::brack, 0},
                                 });
}

TEST(Translate, EcmaPieces) {
  EXPECT_EQ(pieces(".", grammar::ecma), R"([^\x0a\x0d])");
  EXPECT_EQ(pieces(R"(\d\D\w)", grammar::ecma), R"([0-9][\x00-\x2f\x3a-\xff][0-9A-Z\x5fa-z])");
  EXPECT_EQ(pieces(R"(\b\B)", grammar::ecma), R"(\b(?:\B|))");
  EXPECT_EQ(pieces(R"(\t\n\v\f\r\0\cJ\x7f\u00fF)", grammar::ecma),
            R"(\x09\x0a\x0b\x0c\x0d\x00\x0a\x7f\xff)");
  EXPECT_EQ(pieces(R"(\.\*\/\-\ )", grammar::ecma), R"(\x2e\x2a\x2f\x2d\x20)");
  EXPECT_EQ(pieces("(?:a)(?=b)(?!c)(d)", grammar::ecma), "(?:a)(?=b)(?!c)(d)");
  EXPECT_EQ(pieces("a*?b+?c??d{1,2}?e{3}?f{2,}?", grammar::ecma),
            "a*?b{1,}?c{0,1}?d{1,2}?e{3}f{2,}?");
  EXPECT_EQ(pieces("]}", grammar::ecma), R"(\x5d\x7d)");
  EXPECT_EQ(pieces("a||b", grammar::ecma), "(?:a||b)");
  EXPECT_EQ(pieces(R"((a)\1\2(b))", grammar::ecma), R"((a)\g{1}\g{2}(b))");
}

// What PCRE2 has and ECMAScript has not is no way through.
TEST(Translate, EcmaFaults) {
  expect_failures(grammar::ecma, {
                                     {"(?<name>a)", regex_errc::paren, 0},
                                     {"(?<=a)", regex_errc::paren, 0},
                                     {"(?<!a)", regex_errc::paren, 0},
                                     {"(?>a)", regex_errc::paren, 0},
                                     {"(?i)a", regex_errc::paren, 0},
                                     {"(?R)", regex_errc::paren, 0},
                                     {"(?1)", regex_errc::paren, 0},
                                     {"(?C1)", regex_errc::paren, 0},
                                     {"(?#x)", regex_errc::paren, 0},
                                     {"(?|a)", regex_errc::paren, 0},
                                     {"(?P<n>a)", regex_errc::paren, 0},
                                     {"(?", regex_errc::paren, 0},
                                     {"(*ACCEPT)", regex_errc::badrepeat, 1},
                                     {"a++", regex_errc::badrepeat, 2},
                                     {"a*+", regex_errc::badrepeat, 2},
                                     {"a**", regex_errc::badrepeat, 2},
                                     {"a???", regex_errc::badrepeat, 3},
                                     {"a{2}{3}", regex_errc::badrepeat, 4},
                                     {"a{2}+", regex_errc::badrepeat, 4},
                                     {"^*", regex_errc::badrepeat, 1},
                                     {R"(\b+)", regex_errc::badrepeat, 2},
                                     {"(?=a)*", regex_errc::badrepeat, 5},
                                     {"(?!a){2}", regex_errc::badrepeat, 5},
                                     {"?", regex_errc::badrepeat, 0},
                                     {"{", regex_errc::badrepeat, 0},
                                     {"(a", regex_errc::paren, 0},
                                     {"a)", regex_errc::paren, 1},
                                     {R"(\K)", regex_errc::escape, 0},
                                     {R"(\Qa\E)", regex_errc::escape, 0},
                                     {R"(\R)", regex_errc::escape, 0},
                                     {R"(\A)", regex_errc::escape, 0},
                                     {R"(\z)", regex_errc::escape, 0},
                                     {R"(\g1)", regex_errc::escape, 0},
                                     {R"(\p{L})", regex_errc::escape, 0},
                                     {R"(\h)", regex_errc::escape, 0},
                                     {R"(\_)", regex_errc::escape, 0},
                                     {R"(\)", regex_errc::escape, 0},
                                     {R"(\00)", regex_errc::escape, 0},
                                     {R"(\x4)", regex_errc::escape, 0},
                                     {R"(\x{41})", regex_errc::escape, 0},
                                     {R"(\u041)", regex_errc::escape, 0},
                                     {R"(\u0100)", regex_errc::escape, 0},
                                     {R"(\c1)", regex_errc::escape, 0},
                                     {R"(\c)", regex_errc::escape, 0},
                                     {R"(\1)", regex_errc::backref, 0},
                                     {R"((a)\1\2)", regex_errc::backref, 5},
                                     {R"((a)\99999999999999999999)", regex_errc::backref, 3},
                                 });
}

TEST(Translate, SizeAndDepthAreBounded) {
  const auto error = [](const std::string& pattern, grammar syntax) {
    const auto translated = translate(pattern, syntax);
    EXPECT_FALSE(translated);
    return translated ? failure{} : translated.error();
  };
  const auto times = [](std::size_t n, std::string_view s) {
    std::string all;
    while (n-- != 0) all += s;
    return all;
  };
  for (const grammar syntax : {grammar::basic, grammar::extended, grammar::ecma}) {
    EXPECT_TRUE(translate(std::string(1000, 'a'), syntax));
    EXPECT_EQ(error(std::string(max_pattern_size + 1, 'a'), syntax).code, regex_errc::space);
    EXPECT_EQ(error(std::string(max_pattern_size, '\n'), syntax).position, whole);
    const std::string open = syntax == grammar::basic ? "\\(" : "(";
    EXPECT_EQ(error(times(max_nesting + 1, open), syntax).code, regex_errc::stack);
    EXPECT_EQ(error(times(max_nesting, open), syntax).code, regex_errc::paren);
  }
  EXPECT_TRUE(translate("a" + times(max_nesting, "*"), grammar::extended));
  EXPECT_EQ(error("a" + times(max_nesting + 2, "*"), grammar::extended).code, regex_errc::stack);
}

TEST(Translate, SaysWhatItIsAbout) {
  const auto t = translate(R"(\(a\)\(b\)\1)", grammar::basic);
  EXPECT_EQ(t->group_count, 2);
  EXPECT_TRUE(t->has_back_references);
  EXPECT_FALSE(t->greedy_is_longest);
  EXPECT_FALSE(t->looks_back);
  EXPECT_TRUE(translate(R"(a\b)", grammar::ecma)->looks_back);
  for (const char* pattern : {"", "abc", "a[bc]*d", "(a(b)){0,3}c", "x{3}y+"})
    EXPECT_TRUE(translate(pattern, grammar::extended)->greedy_is_longest) << pattern;
  for (const char* pattern : {"a|b", "a*b*", "(a*){2}", "(a?)*", "a**", "(ab?)+"})
    EXPECT_FALSE(translate(pattern, grammar::extended)->greedy_is_longest) << pattern;
}

}  // namespace
}  // namespace emilua::regex
