// Fuzzing regular expressions: translation, compilation, matching.
//
// Input: a byte for grammar and options, one for match flags, one for the length of the pattern,
// the pattern, and the subject. Checked: nothing outside the subject is read (the sanitizers' part,
// or regex_fuzz_test's guard page); errors are the ones that they should be and point into the
// pattern; PCRE2 refuses no translation but for its size; machine code and interpreter find the
// same; what is found lies in the subject; a POSIX match is at least as long as any other at its
// place, and its groups belong to a match of that extent; match, search and scan do not contradict
// each other.
//
// In ordinary CI regex_fuzz_test drives this. By hand, with libFuzzer, from the workspace:
//
//   clang++ -std=c++20 -g -O1 -I. -DPCRE2_CODE_UNIT_WIDTH=8 -fsanitize=fuzzer,address,undefined
//     -fno-sanitize-recover=all -o /tmp/regex_fuzz tests/fuzz/regex_fuzz.cc
//     lib/regex/{bracket,builder,error,expression,matcher,translate}.cc -lpcre2-8 (all in one line)
//   mkdir -p /tmp/regex_corpus && /tmp/regex_fuzz -max_total_time=600 /tmp/regex_corpus
//
// Debian: clang-14, libclang-rt-14-dev and libpcre2-dev.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/regex/matcher.h"

namespace {

namespace regex = emilua::regex;
using regex::match_flags;
using regex::matcher;
using regex::regex_errc;

constexpr std::uint64_t steps = 100'000;

void require(bool holds, const char* property) {
  if (holds) return;
  (void)std::fprintf(stderr, "regex_fuzz: violated: %s\n", property);
  std::abort();
}

using groups = std::vector<std::optional<regex::range>>;

groups groups_of(const matcher& m, unsigned count, std::size_t size) {
  groups all;
  for (unsigned i = 0; i <= count; ++i) {
    all.push_back(m.group(i));
    if (all.back())
      require(all.back()->begin <= all.back()->end && all.back()->end <= size,
              "groups lie in the subject");
  }
  require(all.front().has_value(), "a match has an extent");
  return all;
}

void check_error(std::error_code error) {
  require(error == regex_errc::complexity || error == regex_errc::stack,
          "matching fails by taking too much");
}

// Nothing if it takes too much.
std::optional<std::optional<groups>> searched(const regex::expression& e, std::string_view subject,
                                              match_flags flags) {
  matcher m{e, subject, steps};
  const auto result = m.search(0, flags);
  if (!result) {
    check_error(result.error());
    return std::nullopt;
  }
  if (!*result) return std::optional<groups>{};
  return groups_of(m, e.mark_count(), subject.size());
}

void check_whole(const regex::expression& e, std::string_view subject, match_flags flags,
                 const std::optional<groups>& found) {
  matcher m{e, subject, steps};
  const auto result = m.match(flags);
  if (!result) {
    check_error(result.error());
    return;
  }
  const bool posix = e.syntax() != regex::grammar::ecma && !has(flags, match_flags::any);
  const regex::range all{0, subject.size()};
  if (*result) {
    require(groups_of(m, e.mark_count(), subject.size()).front() == all, "a whole match is whole");
    require(found.has_value() && found->front()->begin == 0, "search finds where match matches");
    if (posix) require(found->front() == all, "no match is longer than the longest");
  } else {
    require(!found || found->front() != all, "match matches what search finds");
  }
}

void check_scan(const regex::expression& e, std::string_view subject, match_flags flags,
                const std::optional<groups>& found) {
  matcher m{e, subject, steps};
  const auto result = m.scan(0, flags);
  if (!result) {
    check_error(result.error());
    return;
  }
  require(result->resume <= subject.size(), "what follows is in the subject");
  if (result->found)
    require(found && found->front() == m.group(0), "what is final is what search finds");
  else
    require(!found || found->front()->begin >= result->resume, "no match begins before");
}

void check_longest(const regex::expression& e, std::string_view subject, match_flags flags,
                   const groups& found) {
  matcher m{e, subject, steps};
  const auto any = m.search(0, flags | match_flags::any);
  if (!any) return;
  require(*any && m.group(0)->begin == found.front()->begin, "the leftmost is the leftmost");
  require(m.group(0)->end <= found.front()->end, "the longest is the longest");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const auto syntax = static_cast<regex::grammar>(data[0] % 3);
  regex::options how{.ignore_case = (data[0] & 64) != 0, .nosubs = (data[0] & 128) != 0};
  const auto flags = static_cast<match_flags>(data[1] & regex::all_match_flags);
  const std::string_view rest{reinterpret_cast<const char*>(data) + 3, size - 3};
  const std::string_view pattern = rest.substr(0, data[2]);
  const std::string_view subject = rest.substr(pattern.size());

  const auto plain = regex::expression::compile(pattern, syntax, how);
  if (!plain) {
    const auto [code, position] = plain.error();
    require(code != regex_errc::complexity, "PCRE2 takes every translation");
    require(!std::error_code{code}.message().starts_with("Unknown r"), "errors have names");
    require(position <= pattern.size() || position == std::string_view::npos,
            "errors are in the pattern");
    return 0;
  }
  how.optimize = true;
  const auto fast = regex::expression::compile(pattern, syntax, how);
  require(fast.has_value(), "what can be compiled can be compiled again");

  const auto found = searched(*plain, subject, flags);
  const auto same = searched(*fast, subject, flags);
  if (found && same) require(*found == *same, "machine code does the same");
  if (!found) return 0;
  check_whole(*plain, subject, flags, *found);
  check_scan(*fast, subject, flags, *found);
  if (*found && syntax != regex::grammar::ecma) check_longest(*fast, subject, flags, **found);
  return 0;
}
