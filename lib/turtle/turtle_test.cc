#include "lib/turtle/turtle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "lib/turtle/characters.h"
#include "lib/turtle/iri.h"

namespace emilua::turtle {
namespace {

using namespace std::string_literals;

// Nearly N-Triples; integers, decimals and such without their datatype.
std::string show(const term& t) {
  switch (t.kind) {
    case term_kind::iri:
      return "<" + t.text + ">";
    case term_kind::blank_node:
      return "_:" + t.text;
    case term_kind::string:
      return "'" + t.text + "'";
    case term_kind::language_string:
      return "'" + t.text + "'@" + t.qualifier;
    case term_kind::typed_literal: {
      constexpr std::string_view xsd = "http://www.w3.org/2001/XMLSchema#";
      if (t.qualifier.starts_with(xsd)) return t.text + ":" + t.qualifier.substr(xsd.size());
      return "'" + t.text + "'^^<" + t.qualifier + ">";
    }
  }
  return "?";
}

std::string show(const read_result& result) {
  if (!result)
    return std::string{to_string(result.error().error)} + ", line " +
           std::to_string(result.error().line);
  std::string text;
  for (const triple& t : *result)
    text += show(t.subject) + " " + show(t.predicate) + " " + show(t.object) + "\n";
  return text;
}

struct good_case {
  std::string document;
  std::string triples;
};

// Of a subject and predicate that do not matter.
std::string object_of(const std::string& text) { return "<s> <p> " + text + " ."; }
std::string object_is(const std::string& text) { return "<s> <p> " + text + "\n"; }

const good_case good_cases[] = {
    // Documents and statements
    {"", ""},
    {" \t\r\n# nothing\n", ""},
    {"# no line break at the end", ""},
    {"\xef\xbb\xbf<s> <p> <o> .", "<s> <p> <o>\n"},
    {"<s> <p> <o> .", "<s> <p> <o>\n"},
    {"<s><p><o>.<s><p><o>.", "<s> <p> <o>\n<s> <p> <o>\n"},
    {"<s>#c\n<p>#c.\r<o>#\n.#", "<s> <p> <o>\n"},
    {"<s> a <t> .", "<s> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <t>\n"},
    {"<s>a<t>.", "<s> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <t>\n"},

    // Lists
    {"<s> <p> <a>, <b> ,<c> .", "<s> <p> <a>\n<s> <p> <b>\n<s> <p> <c>\n"},
    {"<s> <p> <a>; <q> <b>, <c> .", "<s> <p> <a>\n<s> <q> <b>\n<s> <q> <c>\n"},
    {"<s> <p> <a> ; .", "<s> <p> <a>\n"},
    {"<s> <p> <a> ;; ; <q> <b> ;;.", "<s> <p> <a>\n<s> <q> <b>\n"},

    // Prefixes and bases
    {"@prefix x: <http://x/> . x:s x:p x:o .", "<http://x/s> <http://x/p> <http://x/o>\n"},
    {"@prefix: <http://x/>.:s :p<o>.", "<http://x/s> <http://x/p> <o>\n"},
    {"prefix x: <http://x/> x:s x:p x: .", "<http://x/s> <http://x/p> <http://x/>\n"},
    {"PrEfIx : <http://x/> : : : .", "<http://x/> <http://x/> <http://x/>\n"},
    {"@prefix prefix: <http://x/> . prefix:a prefix:b prefix:c .",
     "<http://x/a> <http://x/b> <http://x/c>\n"},
    {"@prefix base: <http://x/> . base:a base:b base:c .",
     "<http://x/a> <http://x/b> <http://x/c>\n"},
    {"@prefix a: <http://x/> . a:a a:a a:a .", "<http://x/a> <http://x/a> <http://x/a>\n"},
    {"@prefix true: <http://x/> . true:a true:b true: .",
     "<http://x/a> <http://x/b> <http://x/>\n"},
    {"@prefix x: <http://x/> . @prefix x: <http://y/> . x:a x:a x:a .",
     "<http://y/a> <http://y/a> <http://y/a>\n"},
    {"@base <http://b/dir/> . <s> <../p> </o> .", "<http://b/dir/s> <http://b/p> <http://b/o>\n"},
    {"base<http://b/dir/>\n<s> <#p> <> .", "<http://b/dir/s> <http://b/dir/#p> <http://b/dir/>\n"},
    {"@base <http://b/> . @base <x/> . @prefix n: <y#> . n:1 n:2 n:3 .",
     "<http://b/x/y#1> <http://b/x/y#2> <http://b/x/y#3>\n"},
    {"@prefix a.b-c: <http://x/> . a.b-c:s a.b-c:p a.b-c:o .",
     "<http://x/s> <http://x/p> <http://x/o>\n"},
    {"@prefix \xc3\xa9: <http://x/> . \xc3\xa9:s \xc3\xa9:p \xc3\xa9:\xe4\xb8\xad\xf0\x90\x8d\x88 "
     ".",
     "<http://x/s> <http://x/p> <http://x/\xe4\xb8\xad\xf0\x90\x8d\x88>\n"},

    // Local names
    {"PREFIX : <x:> :1a :_-b :a.b.c.", "<x:1a> <x:_-b> <x:a.b.c>\n"},
    {"PREFIX : <x:> :a: :b:c ::d.", "<x:a:> <x:b:c> <x::d>\n"},
    {"PREFIX : <x:> :%41 :a%2fb :%C3.", "<x:%41> <x:a%2fb> <x:%C3>\n"},
    {R"(PREFIX : <x:> :\~ :a\.\- :\,\;\=\/\?\#\@\%\_\!\$\&\'\(\)\*\+ .)",
     "<x:~> <x:a.-> <x:,;=/?#@%_!$&'()*+>\n"},
    {R"(PREFIX : <x:> :a :b :c\..)", "<x:a> <x:b> <x:c.>\n"},
    {"PREFIX : <x:> :a\xc2\xb7 :b\xcc\x80 :c\xe2\x80\xbf.",
     "<x:a\xc2\xb7> <x:b\xcc\x80> <x:c\xe2\x80\xbf>\n"},

    // IRIs
    {R"(<\u0041> <\U00000042> <\u00e9\U0001F600> .)", "<A> <B> <\xc3\xa9\xf0\x9f\x98\x80>\n"},
    {"<s?q#f> <%20> <a'b(c)> .", "<s?q#f> <%20> <a'b(c)>\n"},

    // Blank nodes
    {"_:a <p> _:b . _:a <p> _:1.", "_:a <p> _:b\n_:a <p> _:1\n"},
    {"_:a.b- <p> _:c\xc2\xb7 .", "_:a.b- <p> _:c\xc2\xb7\n"},
    {"[] <p> [ ] .", "_:#1 <p> _:#2\n"},
    {"[ <p> <o> ] .", "_:#1 <p> <o>\n"},
    {"[ <p> <o> ] <q> <r> .", "_:#1 <p> <o>\n_:#1 <q> <r>\n"},
    {"<s> <p> [ <q> 1 ; <r> 2, 3 ; ] .",
     "_:#1 <q> 1:integer\n_:#1 <r> 2:integer\n_:#1 <r> 3:integer\n<s> <p> _:#1\n"},
    {"<s> <p> [ <q> [ <r> <t> ] ] .", "_:#2 <r> <t>\n_:#1 <q> _:#2\n<s> <p> _:#1\n"},

    // Strings
    {object_of("''"), object_is("''")},
    {object_of(R"("x", 'y', "it's", 'say "x"')"),
     object_is("'x'") + object_is("'y'") + object_is("'it's'") + object_is("'say \"x\"'")},
    {object_of("\"\"\"\"\"\", ''''''"), object_is("''") + object_is("''")},
    {object_of("\"\"\"a\n\"b\"\"c\"\"\""), object_is("'a\n\"b\"\"c'")},
    {object_of("'''a'b''c\r\n'''"), object_is("'a'b''c\r\n'")},
    {object_of(R"("\t\b\n\r\f\"\'\\")"), object_is("'\t\b\n\r\f\"'\\'")},
    {object_of(R"('\u00E9\u0000|\U0010ffff')"), object_is("'\xc3\xa9\0|\xf4\x8f\xbf\xbf'"s)},
    {object_of(R"("""\"\""\u0022""")"), object_is("'\"\"\"\"'")},
    {object_of("'\xe4\xb8\xad # <no comment>'"), object_is("'\xe4\xb8\xad # <no comment>'")},
    {object_of("'x'@en, 'y'@pt-BR , \"\"\"z\"\"\"@zh-Hant-TW1"),
     object_is("'x'@en") + object_is("'y'@pt-BR") + object_is("'z'@zh-Hant-TW1")},
    {object_of("'x'^^<t>, 'y' ^^ <u>"), object_is("'x'^^<t>") + object_is("'y'^^<u>")},
    {"PREFIX x: <http://www.w3.org/2001/XMLSchema#> <s> <p> '7'^^x:int, 'z'^^x:string .",
     object_is("7:int") + object_is("'z'")},

    // Numbers and booleans
    {object_of("1, -2, +3, 007"), object_is("1:integer") + object_is("-2:integer") +
                                      object_is("+3:integer") + object_is("007:integer")},
    {object_of("1.5, -.5, +0.0"),
     object_is("1.5:decimal") + object_is("-.5:decimal") + object_is("+0.0:decimal")},
    {object_of("1e0, 1.E+1, .5e-2, -1.5E3"), object_is("1e0:double") + object_is("1.E+1:double") +
                                                 object_is(".5e-2:double") +
                                                 object_is("-1.5E3:double")},
    {"<s> <p> 1.<s> <p> 1.5.", object_is("1:integer") + object_is("1.5:decimal")},
    {"<s> <p> true, false.", object_is("true:boolean") + object_is("false:boolean")},
    {"PREFIX e: <x:> <s> <p> 1.e:a <p> 2 .", object_is("1:integer") + "<x:a> <p> 2:integer\n"},

    // Collections
    {"<s> <p> () .", "<s> <p> <http://www.w3.org/1999/02/22-rdf-syntax-ns#nil>\n"},
    {"<s> <p> (1 'a') .",
     "_:#1 <http://www.w3.org/1999/02/22-rdf-syntax-ns#first> 1:integer\n"
     "_:#1 <http://www.w3.org/1999/02/22-rdf-syntax-ns#rest> _:#2\n"
     "_:#2 <http://www.w3.org/1999/02/22-rdf-syntax-ns#first> 'a'\n"
     "_:#2 <http://www.w3.org/1999/02/22-rdf-syntax-ns#rest> "
     "<http://www.w3.org/1999/02/22-rdf-syntax-ns#nil>\n"
     "<s> <p> _:#1\n"},
    {"( [ <q> () ] ) <p> <o> .",
     "_:#1 <q> <http://www.w3.org/1999/02/22-rdf-syntax-ns#nil>\n"
     "_:#2 <http://www.w3.org/1999/02/22-rdf-syntax-ns#first> _:#1\n"
     "_:#2 <http://www.w3.org/1999/02/22-rdf-syntax-ns#rest> "
     "<http://www.w3.org/1999/02/22-rdf-syntax-ns#nil>\n"
     "_:#2 <p> <o>\n"},
};

TEST(Turtle, Accepts) {
  for (const good_case& c : good_cases) EXPECT_EQ(show(read(c.document)), c.triples) << c.document;
}

struct bad_case {
  std::string document;
  syntax_error error;
  std::size_t line = 1;
};

const bad_case bad_cases[] = {
    // Statements
    {"<s>", syntax_error::expected_predicate},
    {"<s> <p>", syntax_error::expected_object},
    {"<s> <p> <o>", syntax_error::expected_end},
    {"<s> <p> .", syntax_error::expected_object},
    {"<s> .", syntax_error::expected_predicate},
    {".", syntax_error::expected_subject},
    {"<s> <p> <o> . .", syntax_error::expected_subject},
    {"<s> <p> <o> ..", syntax_error::expected_subject},
    {"<s> <p> <o>, .", syntax_error::expected_object},
    {"<s> <p> ,<o> .", syntax_error::expected_object},
    {"<s> ; <p> <o> .", syntax_error::expected_predicate},
    {"<s> <p> <o> <x> .", syntax_error::expected_end},
    {"<s> <p> <o> ] .", syntax_error::expected_end},
    {"'s' <p> <o> .", syntax_error::expected_subject},
    {"1 <p> <o> .", syntax_error::expected_subject},
    {"true <p> <o> .", syntax_error::bad_name},
    {"a <p> <o> .", syntax_error::bad_name},
    {"<s> 'p' <o> .", syntax_error::expected_predicate},
    {"<s> _:p <o> .", syntax_error::expected_predicate},
    {"<s> [] <o> .", syntax_error::expected_predicate},
    {"<s> () <o> .", syntax_error::expected_predicate},
    {"<s> A <o> .", syntax_error::bad_name},
    {"<s> <p> a .", syntax_error::bad_name},
    {"<s> <p> TRUE .", syntax_error::bad_name},
    {"<s> <p> @en .", syntax_error::expected_object},
    {"{ <s> <p> <o> }", syntax_error::expected_subject},
    {"<s> <p> <o> .\n\n<s> <p>\n<o>\n", syntax_error::expected_end, 5},
    {"\0"s, syntax_error::expected_subject},

    // Directives
    {"@prefix x: <http://x/> x:a x:b x:c .", syntax_error::expected_end},
    {"PREFIX x: <http://x/> . x:a x:b x:c .", syntax_error::expected_subject},
    {"@base <http://x/>", syntax_error::expected_end},
    {"@prefix <http://x/> .", syntax_error::bad_directive},
    {"@prefix x <http://x/> .", syntax_error::bad_directive},
    {"@prefix x: x .", syntax_error::bad_directive},
    {"@prefix _: <http://x/> .", syntax_error::bad_directive},
    {"@prefix 1: <http://x/> .", syntax_error::bad_directive},
    {"@prefix x.: <http://x/> .", syntax_error::bad_directive},
    {"@prefix x:y <http://x/> .", syntax_error::bad_directive},
    {"@PREFIX x: <http://x/> .", syntax_error::bad_directive},
    {"@base x: .", syntax_error::bad_directive},
    {"BASE", syntax_error::bad_directive},
    {"@ prefix x: <http://x/> .", syntax_error::bad_directive},
    {"@", syntax_error::bad_directive},
    {"x:s x:p x:o .", syntax_error::unknown_prefix},
    {":s <p> <o> .", syntax_error::unknown_prefix},
    {"@prefix x: <y> .\nx:s X:p x:o .", syntax_error::unknown_prefix, 2},

    // Names
    {"PREFIX : <x:> :a :b :-c .", syntax_error::expected_end},
    {"PREFIX : <x:> :a :b :.c .", syntax_error::bad_name},
    {"PREFIX : <x:> :a :b :%4 .", syntax_error::bad_escape},
    {"PREFIX : <x:> :a :b :%gg .", syntax_error::bad_escape},
    {R"(PREFIX : <x:> :a :b :\a .)", syntax_error::bad_escape},
    {R"(PREFIX : <x:> :a :b :\u0061 .)", syntax_error::bad_escape},
    {R"(PREFIX : <x:> :a :b :\)", syntax_error::bad_escape},
    {"PREFIX : <x:> :a :b :c~d .", syntax_error::expected_end},
    {"_ <p> <o> .", syntax_error::bad_name},
    {"_: <p> <o> .", syntax_error::bad_name},
    {"_:-a <p> <o> .", syntax_error::bad_name},
    {"_:.a <p> <o> .", syntax_error::bad_name},

    // IRIs
    {"<s", syntax_error::bad_iri},
    {"<s <p> <o> .", syntax_error::bad_iri},
    {"<a b> <p> <o> .", syntax_error::bad_iri},
    {"\n<a\n> <p> <o> .", syntax_error::bad_iri, 2},
    {"<a{b}> <p> <o> .", syntax_error::bad_iri},
    {"<a|b> <p> <o> .", syntax_error::bad_iri},
    {"<a^b> <p> <o> .", syntax_error::bad_iri},
    {"<a`b> <p> <o> .", syntax_error::bad_iri},
    {"<a\"b> <p> <o> .", syntax_error::bad_iri},
    {"<a\0> <p> <o> ."s, syntax_error::bad_iri},
    {R"(<\u0020> <p> <o> .)", syntax_error::bad_iri},
    {R"(<\u003e> <p> <o> .)", syntax_error::bad_iri},
    {R"(<\u005c> <p> <o> .)", syntax_error::bad_iri},
    {R"(<\n> <p> <o> .)", syntax_error::bad_escape},
    {R"(<\u12> <p> <o> .)", syntax_error::bad_escape},
    {R"(<\U0011> <p> <o> .)", syntax_error::bad_escape},
    {R"(<\uD800> <p> <o> .)", syntax_error::bad_escape},

    // Strings
    {"<s> <p> 'x", syntax_error::bad_string},
    {"<s> <p> \"x' .", syntax_error::bad_string},
    {"<s> <p> 'x\ny' .", syntax_error::bad_string},
    {"<s> <p> \"x\ry\" .", syntax_error::bad_string},
    {"<s> <p>\n'''x\n\n''", syntax_error::bad_string, 2},
    {R"(<s> <p> 'x\')", syntax_error::bad_string},
    {R"(<s> <p> 'x\)", syntax_error::bad_escape},
    {R"(<s> <p> '\a' .)", syntax_error::bad_escape},
    {R"(<s> <p> '\u00g0' .)", syntax_error::bad_escape},
    {R"(<s> <p> '\U00110000' .)", syntax_error::bad_escape},
    {R"(<s> <p> '\udfff' .)", syntax_error::bad_escape},
    {"<s> <p> 'x'@ .", syntax_error::bad_language_tag},
    {"<s> <p> 'x'@1 .", syntax_error::bad_language_tag},
    {"<s> <p> 'x'@en- .", syntax_error::bad_language_tag},
    {"<s> <p> 'x'@en--us .", syntax_error::bad_language_tag},
    {"<s> <p> 'x'@en1 .", syntax_error::expected_end},
    {"<s> <p> 'x'@en^^<t> .", syntax_error::expected_end},
    {"<s> <p> 'x'^<t> .", syntax_error::expected_end},
    {"<s> <p> 'x'^^ .", syntax_error::bad_name},
    {"<s> <p> 'x'^^_:t .", syntax_error::bad_name},
    {"<s> <p> 'x'^^'y' .", syntax_error::bad_name},
    {"<s> <p> 'x'^^x:t .", syntax_error::unknown_prefix},
    {"<s> <p> 'x' 'y' .", syntax_error::expected_end},

    // Numbers
    {"<s> <p> + .", syntax_error::expected_object},
    {"<s> <p> +-1 .", syntax_error::expected_object},
    {"<s> <p> -.e1 .", syntax_error::expected_object},
    {"<s> <p> 1e .", syntax_error::expected_end},
    {"<s> <p> 1.5e+ .", syntax_error::expected_end},
    {"<s> <p> 12abc .", syntax_error::expected_end},
    {"<s> <p> 0x10 .", syntax_error::expected_end},
    {"<s> <p> 1 .5 .", syntax_error::expected_subject},

    // Brackets
    {"[", syntax_error::expected_predicate},
    {"[] .", syntax_error::expected_predicate},
    {"[ <p> <o> .", syntax_error::expected_end},
    {"[ <p> ] .", syntax_error::expected_object},
    {"[ <p> <o>, ] .", syntax_error::expected_object},
    {"[ ; ] <p> <o> .", syntax_error::expected_predicate},
    {"<s> <p> ( 1 .", syntax_error::expected_object},
    {"<s> <p> ( 1", syntax_error::expected_end},
    {"<s> <p> ( 1, 2 ) .", syntax_error::expected_object},
    {"( 1 ) .", syntax_error::expected_predicate},

    // Encoding
    {"<s> <p>\n'\xff' .", syntax_error::not_utf8, 2},
    {"<s> <p> '\xc3", syntax_error::not_utf8},
    {"<s> <p> '\xc0\x80' .", syntax_error::not_utf8},
    {"<s> <p> '\xed\xa0\x80' .", syntax_error::not_utf8},
    {"<s> <p> '\xf4\x90\x80\x80' .", syntax_error::not_utf8},
    {"<s> <p> '\xe0\x80\x80' .", syntax_error::not_utf8},
    {"<s> <p> '\xc3\x28' .", syntax_error::not_utf8},
};

TEST(Turtle, Refuses) {
  for (const bad_case& c : bad_cases) {
    const auto result = read(c.document);
    ASSERT_FALSE(result) << c.document;
    EXPECT_EQ(to_string(result.error().error), to_string(c.error)) << c.document;
    EXPECT_EQ(result.error().line, c.line) << c.document;
  }
}

TEST(Turtle, TriplesHaveTheLineOfTheirObject) {
  const auto triples = read("<s>\n<p>\n<a>,\n<b>\n;<q> [ <r>\n<c>\n] .");
  ASSERT_TRUE(triples);
  std::vector<std::size_t> lines;
  for (const triple& t : *triples) lines.push_back(t.line);
  EXPECT_EQ(lines, (std::vector<std::size_t>{3, 4, 6, 5}));
}

// --- limits

std::string repeated(std::string_view text, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i) result += text;
  return result;
}

std::string nested(const char* open, const char* close, std::size_t depth) {
  return "<s> <p> " + repeated(open, depth) + "1" + repeated(close, depth) + " .";
}

TEST(TurtleLimits, Depth) {
  EXPECT_TRUE(read(nested("[ <p> ", " ]", 64)));
  EXPECT_EQ(read(nested("[ <p> ", " ]", 65)).error().error, syntax_error::too_deep);
  EXPECT_TRUE(read(nested("( ", " )", 64)));
  EXPECT_EQ(read(nested("( ", " )", 65)).error().error, syntax_error::too_deep);
  EXPECT_EQ(read(repeated("[<p>", 250'000)).error().error, syntax_error::too_deep);
  EXPECT_EQ(read(repeated("(", 1'000'000)).error().error, syntax_error::too_deep);
  EXPECT_FALSE(read("<s> <p> [] .", {.depth = 0}));
}

TEST(TurtleLimits, Size) {
  std::string text = "<s> <p> '";
  text.resize((std::size_t{1} << 20) - 3, 'x');
  EXPECT_TRUE(read(text + "' ."));
  EXPECT_EQ(read(text + "'  .").error().error, syntax_error::too_large);
}

TEST(TurtleLimits, WhatPrefixesAndBasesMakeOfIt) {
  const std::string half(500'000, 'x');
  const std::string many = repeated("p: p: p: .", 50'000);
  EXPECT_EQ(read("@prefix p: <" + half + "> ." + many).error().error, syntax_error::too_large);
  EXPECT_EQ(read("@base <a:/" + half + "/> ." + repeated("<> <> <> .", 50'000)).error().error,
            syntax_error::too_large);
  EXPECT_EQ(read("<" + half + "> <p> " + repeated("1,", 250'000) + "1 .").error().error,
            syntax_error::too_large);
  EXPECT_EQ(read(repeated("[] <p> [] .", 90'000)).error().error, syntax_error::too_large);
  const auto small = read("<s> <p> 1, 2 .", {.output_bytes = sizeof(triple) + 100});
  EXPECT_EQ(small.error().error, syntax_error::too_large);
}

// A file as people write them may use all of the input limit.
TEST(TurtleLimits, AnHonestMebibytePasses) {
  const std::string statement =
      "<about:emilua-module> :error [ :code 1 ; :alias \"OutOfRange\", \"TooFarAway\" ; :message "
      "\"The value is out of its range\", \"O valor fora do intervalo\"@pt-BR ] .\n";
  const std::string head = "@prefix : <https://schema.emilua.org/error_category/0/#> .\n";
  EXPECT_TRUE(read(head + repeated(statement, ((1U << 20) - head.size()) / statement.size())));
}

// Each is a place where looking ahead or back could cost more than it gains.
TEST(TurtleLimits, LongTokensTakeLinearTime) {
  const std::string dots(1'000'000, '.');
  EXPECT_FALSE(read("<s> <p> a" + dots));
  EXPECT_FALSE(read("PREFIX a: <b> <s> <p> a:a" + dots + "b"s + " <x>"));
  EXPECT_FALSE(read("_:a" + dots));
  EXPECT_FALSE(read("<s> <p> 1" + dots));
  EXPECT_FALSE(read("<s> <p> '''" + std::string(1'000'000, '\'')));
  EXPECT_FALSE(read("[" + std::string(1'000'000, ' ')));
  EXPECT_TRUE(read(repeated("#\n", 500'000)));
  EXPECT_TRUE(read("<s> <p> <o> " + std::string(1'000'000, ';') + "."));
}

// --- IRIs: RFC 3986, section 5.4

TEST(ResolveIri, ExamplesOfTheStandard) {
  const std::pair<const char*, const char*> examples[] = {
      {"g:h", "g:h"},
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q#s"},
      {"g#s", "http://a/b/c/g#s"},
      {"g?y#s", "http://a/b/c/g?y#s"},
      {";x", "http://a/b/c/;x"},
      {"g;x", "http://a/b/c/g;x"},
      {"g;x?y#s", "http://a/b/c/g;x?y#s"},
      {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../", "http://a/"},
      {"../../g", "http://a/g"},
      {"../../../g", "http://a/g"},
      {"../../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},
      {".g", "http://a/b/c/.g"},
      {"g..", "http://a/b/c/g.."},
      {"..g", "http://a/b/c/..g"},
      {"./../g", "http://a/b/g"},
      {"./g/.", "http://a/b/c/g/"},
      {"g/./h", "http://a/b/c/g/h"},
      {"g/../h", "http://a/b/c/h"},
      {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
      {"g;x=1/../y", "http://a/b/c/y"},
      {"g?y/./x", "http://a/b/c/g?y/./x"},
      {"g?y/../x", "http://a/b/c/g?y/../x"},
      {"g#s/./x", "http://a/b/c/g#s/./x"},
      {"g#s/../x", "http://a/b/c/g#s/../x"},
      {"http:g", "http:g"},
  };
  for (const auto& [reference, expected] : examples)
    EXPECT_EQ(resolve("http://a/b/c/d;p?q", reference), expected) << reference;
}

TEST(ResolveIri, OtherBases) {
  EXPECT_EQ(resolve("http://a", "g"), "http://a/g");
  EXPECT_EQ(resolve("http://a?q", "#f"), "http://a?q#f");
  EXPECT_EQ(resolve("urn:x:y", "z"), "urn:z");
  EXPECT_EQ(resolve("about:b", "#f"), "about:b#f");
  EXPECT_EQ(resolve("", "../g"), "../g");
  EXPECT_EQ(resolve("not/absolute", "g"), "g");
  EXPECT_EQ(resolve("http://a/b", "x:../y"), "x:../y");
  EXPECT_EQ(resolve("http://a/b", "./x:y"), "http://a/x:y");
}

// --- characters

TEST(Utf8, EveryScalarValueComesBack) {
  for (char32_t c = 0; c <= 0x110000; ++c) {
    if (!is_scalar_value(c)) continue;
    std::string text;
    append_utf8(text, c);
    ASSERT_EQ(utf8_prefix(text), text.size()) << static_cast<unsigned>(c);
    ASSERT_EQ(first_code_point(text).value, c);
    ASSERT_EQ(first_code_point(text).size, text.size());
    ASSERT_EQ(utf8_prefix(text.substr(0, text.size() - 1)), 0U);
  }
}

TEST(Utf8, PrefixEndsWhereItGoesWrong) {
  EXPECT_EQ(utf8_prefix("abc\xe4\xb8\xad\x80z"), 6U);
  EXPECT_EQ(utf8_prefix("abc\xe4\xb8"), 3U);
  EXPECT_EQ(first_code_point("").size, 0U);
}

}  // namespace
}  // namespace emilua::turtle
