// The three grammars, written as PCRE2 patterns.
//
//   auto t = translate(R"(\(a*\)b\1)", grammar::basic);
//   if (!t) log(t.error().code, t.error().position);
//   pcre2_compile(t->text …, PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY …)
//
// The result is made of few of PCRE2's constructs, all with one meaning: every byte that is no
// letter or digit is written \xHH, sets as sets of bytes; so nothing that only PCRE2 knows gets
// through. It holds callouts (callouts.h), by which the matcher counts steps.
//
// Where the standards leave something open, or differ:
//
// basic, extended (POSIX)
//   - Back references exist in basic only. \ before a letter or digit is otherwise an error, and so
//     are \+ \? \| in basic and \< \> \` \' in both: GNU gives these a meaning, POSIX does not.
//   - . and [^x] match line ends and NUL. ^ and $ are the ends of the subject, not of lines.
//   - In basic ^ is an anchor at the beginning and after \(, $ at the end and before \); elsewhere
//     they are literal. * is literal where nothing comes before it. In extended ^ and $ are always
//     anchors, and what repeats nothing is an error, as {,3} and x{y are.
//   - a** repeats a*. Empty alternatives and groups match the empty string.
// ecma (ECMAScript 3 as C++ modifies it)
//   - ^ and $ are the ends of the subject; . is any byte but \n and \r.
//   - [:class:], [.x.] and [=x=] exist in brackets.
//   - \ before a letter, digit or _ that has no meaning is an error. \uHHHH is a byte: at most
//   00FF.
//   - (? is followed by : = or !. Assertions, (?=x) included, are not repeated.
//   - ] and } are literal where they close nothing, { is not.
//   - A group keeps what it matched last when an outer repetition goes round again, as in Perl.
#pragma once

#include <bitset>
#include <boost/system/result.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "lib/regex/error.h"

namespace emilua::regex {

enum class grammar { basic, extended, ecma };

struct failure {
  regex_errc code;
  std::size_t position;  // in bytes, from 0; npos if it is the whole expression
};

using byte_set = std::bitset<256>;

// An expression that is one set of bytes, such as [,;], or as many of them as there are: [ \t]+.
struct byte_run {
  byte_set bytes;
  bool repeats = false;
};

struct translation {
  std::string text;
  unsigned group_count = 0;
  bool has_back_references = false;
  bool looks_back = false;         // at the byte before a match: \b and \B do
  bool greedy_is_longest = false;  // the first match at a place is the longest one there
  std::optional<byte_run> run;     // if that is all there is to it
};

inline constexpr std::size_t max_pattern_size = std::size_t{256} << 10;
inline constexpr unsigned max_nesting = 200;
inline constexpr unsigned max_repeat = 65535;

// Time is linear. Throws std::bad_alloc.
[[nodiscard]] boost::system::result<translation, failure> translate(std::string_view pattern,
                                                                    grammar syntax);

}  // namespace emilua::regex
