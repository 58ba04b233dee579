#include "lib/regex/matcher.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

namespace emilua::regex {

void PrintTo(const range& r, std::ostream* out) { *out << '[' << r.begin << ',' << r.end << ')'; }

namespace {

using enum match_flags;

// Everything is tried by the interpreter and by machine code.
std::vector<expression> compiled(std::string_view pattern, grammar syntax, options how = {}) {
  std::vector<expression> both;
  for (const bool optimize : {false, true}) {
    how.optimize = optimize;
    auto e = expression::compile(pattern, syntax, how);
    EXPECT_TRUE(e) << pattern;
    if (e) both.push_back(std::move(*e));
  }
  return both;
}

std::string described(const matcher& m, const expression& e) {
  std::string text;
  for (unsigned i = 0; i <= e.mark_count(); ++i) {
    const auto part = m.group(i);
    if (i != 0) text += ' ';
    text += part ? std::to_string(part->begin) + '-' + std::to_string(part->end) : "none";
  }
  return text;
}

// "0-3 1-2 none": the match and its groups; "no" or an error's message.
std::string found(std::string_view pattern, grammar syntax, std::string_view subject,
                  match_flags flags = none, std::size_t from = 0, options how = {}) {
  std::string first;
  for (const expression& e : compiled(pattern, syntax, how)) {
    matcher m{e, subject};
    const auto result = m.search(from, flags);
    std::string text = !result   ? result.error().message()
                       : *result ? described(m, e)
                                 : std::string{"no"};
    if (first.empty()) first = text;
    EXPECT_EQ(text, first) << pattern << " with machine code";
  }
  return first;
}

std::string basic(std::string_view pattern, std::string_view subject, match_flags flags = none) {
  return found(pattern, grammar::basic, subject, flags);
}
std::string extended(std::string_view pattern, std::string_view subject, match_flags flags = none) {
  return found(pattern, grammar::extended, subject, flags);
}
std::string ecma(std::string_view pattern, std::string_view subject, match_flags flags = none) {
  return found(pattern, grammar::ecma, subject, flags);
}

std::string whole(std::string_view pattern, grammar syntax, std::string_view subject,
                  match_flags flags = none) {
  std::string first;
  for (const expression& e : compiled(pattern, syntax)) {
    matcher m{e, subject};
    const auto result = m.match(flags);
    std::string text = !result   ? result.error().message()
                       : *result ? described(m, e)
                                 : std::string{"no"};
    if (first.empty()) first = text;
    EXPECT_EQ(text, first) << pattern << " with machine code";
  }
  return first;
}

TEST(Search, PosixIsLeftmostLongest) {
  EXPECT_EQ(extended("a|ab|abc", "xabcd"), "1-4");
  EXPECT_EQ(extended("a?(ab)?", "abab"), "0-2 0-2");
  EXPECT_EQ(extended("(a|ab)(c|bcd)", "abcd"), "0-4 0-1 1-4");
  EXPECT_EQ(extended("(a*)(ab)*(b*)", "abb"), "0-3 0-1 none 1-3");
  EXPECT_EQ(basic(R"(\(a*\)b\1)", "aabaa"), "0-5 0-2");
  EXPECT_EQ(basic(R"(\(a*\)\(ab\)*\1)", "aabab"), "0-4 0-1 1-3");
  EXPECT_EQ(extended("x*", "aaxx"), "0-0");
  EXPECT_EQ(extended("a|ab", "ab", any), "0-1");
  EXPECT_EQ(extended("()|x", "x", not_null), "0-1 none");
  EXPECT_EQ(extended("(wee|week)(knights|night)", "xweeknights"), "1-11 1-4 4-11");
}

TEST(Search, EcmaIsLeftmostFirst) {
  EXPECT_EQ(ecma("a|ab|abc", "xabcd"), "1-2");
  EXPECT_EQ(ecma("(a|ab)(c|bcd)(d*)", "abcd"), "0-4 0-1 1-4 4-4");
  EXPECT_EQ(ecma("a+?", "aaa"), "0-1");
  EXPECT_EQ(ecma("a{2,3}?b", "aaab"), "0-4");
  EXPECT_EQ(ecma("(?=a)(?!ab)a.", "abac"), "2-4");
  EXPECT_EQ(ecma("(?=(a+))a*b\\1", "baaabac"), "3-6 3-4");
}

TEST(Search, BytesAreBytes) {
  using namespace std::string_view_literals;
  EXPECT_EQ(extended("a.b", "a\nb"), "0-3");
  EXPECT_EQ(extended("a.b", "a\0b"sv), "0-3");
  EXPECT_EQ(extended("^b", "a\nb"), "no");
  EXPECT_EQ(extended("a$", "a\n"), "no");
  EXPECT_EQ(ecma("a$", "a\n"), "no");
  EXPECT_EQ(ecma("a.b", "a\nb"), "no");
  EXPECT_EQ(ecma("a.b", "a\rb"), "no");
  EXPECT_EQ(ecma("a[^]b", "a\nb"), "0-3");
  EXPECT_EQ(ecma("\\w+",
                 "\xe4"
                 "a\xff"),
            "1-2");
  EXPECT_EQ(ecma("[^a]", "\xe4"), "0-1");
  EXPECT_EQ(extended("[[:alpha:]]", "\xe4"), "no");
  EXPECT_EQ(basic("\xff*", "\xff\xff"), "0-2");
}

TEST(Search, CaseIsThatOfAscii) {
  constexpr options ignoring{.ignore_case = true};
  EXPECT_EQ(found("aB[c-d]", grammar::basic, "xAbD", none, 0, ignoring), "1-4");
  EXPECT_EQ(found("[^a]", grammar::extended, "Aab", none, 0, ignoring), "2-3");
  EXPECT_EQ(found("[[:upper:]]", grammar::ecma, "1a", none, 0, ignoring), "1-2");
  EXPECT_EQ(found(R"(\(a\)\1)", grammar::basic, "aA", none, 0, ignoring), "0-2 0-1");
  EXPECT_EQ(found("\xe4", grammar::ecma, "\xc4", none, 0, ignoring), "no");
}

TEST(Search, ReferencesToGroupsThatTookNoPart) {
  EXPECT_EQ(ecma("(a)?b\\1", "b"), "0-1 none");
  EXPECT_EQ(ecma("\\1(a)", "aa"), "0-1 0-1");
  EXPECT_EQ(basic(R"(\(a\)*b\1)", "b"), "no");
}

TEST(Search, NosubsReportsNoGroups) {
  EXPECT_EQ(found("(a)(b)", grammar::extended, "ab", none, 0, {.nosubs = true}), "0-2");
  EXPECT_EQ(found(R"(\(a\)\1)", grammar::basic, "aa", none, 0, {.nosubs = true}), "0-2");
  EXPECT_EQ(expression::compile("(a)", grammar::ecma, {.nosubs = true})->mark_count(), 0);
}

TEST(Search, BeginsWhereItIsTold) {
  EXPECT_EQ(found("a", grammar::ecma, "aba", none, 1), "2-3");
  EXPECT_EQ(found("^a", grammar::ecma, "aa", none, 1), "no");
  EXPECT_EQ(found("\\ba", grammar::ecma, "aa", none, 1), "no");
  EXPECT_EQ(found("", grammar::extended, "aa", none, 2), "2-2");
  EXPECT_EQ(found("a", grammar::extended, "", none, 0), "no");
}

TEST(Search, Flags) {
  EXPECT_EQ(ecma("^a|b", "ab", not_bol), "1-2");
  EXPECT_EQ(extended("^a", "a", not_bol), "no");
  EXPECT_EQ(ecma("a$", "a", not_eol), "no");
  EXPECT_EQ(extended("b$|a", "ab", not_eol), "0-1");
  EXPECT_EQ(ecma("\\ba", "a a", not_bow), "2-3");
  EXPECT_EQ(ecma("a\\b", "a a", not_eow), "0-1");
  EXPECT_EQ(ecma("a\\b", "a", not_eow), "no");
  EXPECT_EQ(ecma("\\Ba", "a", none), "no");
  EXPECT_EQ(ecma("\\Ba", "a", not_bow), "0-1");
  EXPECT_EQ(ecma("a\\B", "a", not_eow), "0-1");
  EXPECT_EQ(ecma("a*", "baa", not_null), "1-3");
  EXPECT_EQ(extended("a*|b", "b", not_null), "0-1");
  EXPECT_EQ(ecma("a", "ba", continuous), "no");
  EXPECT_EQ(extended("a|ab", "abx", continuous), "0-2");
  EXPECT_EQ(found("a", grammar::extended, "baa", continuous, 1), "1-2");
  EXPECT_EQ(whole("^a$", grammar::ecma, "a", not_bol), "no");
  EXPECT_EQ(whole("a*", grammar::ecma, "", not_null), "no");
  EXPECT_EQ(whole("a", grammar::ecma, "a", continuous), "0-1");
}

TEST(Match, TakesTheWholeSubject) {
  for (const grammar syntax : {grammar::extended, grammar::ecma}) {
    EXPECT_EQ(whole("a|ab", syntax, "ab"), "0-2");
    EXPECT_EQ(whole("ab", syntax, "abc"), "no");
    EXPECT_EQ(whole("b", syntax, "ab"), "no");
    EXPECT_EQ(whole("(a)|b", syntax, "b"), "0-1 none");
    EXPECT_EQ(whole("", syntax, ""), "0-0");
    EXPECT_EQ(whole("", syntax, "a"), "no");
  }
  EXPECT_EQ(whole("a+?", grammar::ecma, "aaa"), "0-3");
  EXPECT_EQ(whole(R"(\(a*\)\1)", grammar::basic, "aaaa"), "0-4 0-2");
}

// One way to match after another would take for ever.
TEST(Match, PosixWithManyWaysIsLeftToStates) {
  const std::string many(40, 'a');
  EXPECT_EQ(extended("(a*)*b|x", many), "no");
  EXPECT_EQ(whole("(a|aa)*[bc]", grammar::extended, many), "no");
  EXPECT_EQ(extended("(a|aa|aaa)*b?", many), "0-40 39-40");
  EXPECT_EQ(extended("(a|aa|aaa)*c?", many + "b" + many), "0-40 39-40");
  EXPECT_EQ(found("(a*)*(a|b)*c|x", grammar::extended, many + "x", none, 0, {.nosubs = true}),
            "40-41");
  EXPECT_EQ(ecma("(a*)*[bc]", many), regex_category().message(11));
  EXPECT_EQ(basic(R"(\(a*\)*\(a*\)*\1[bc])", many), regex_category().message(11));
}

TEST(Match, GoesOnWhereMemoryRunsOut) {
  const std::string many(600'000, 'a');
  options silent{.nosubs = true};
  EXPECT_EQ(found("(a|b)*c?", grammar::extended, many, none, 0, silent), "0-600000");
  EXPECT_EQ(found("(a|b)*c", grammar::extended, many + "c", none, 0, silent), "0-600001");
  const auto e = expression::compile("(a|b)*", grammar::ecma);
  matcher m{*e, many};
  EXPECT_EQ(m.search(0).error(), regex_errc::stack);
}

TEST(Match, OneMatcherFindsOneAfterAnother) {
  for (const expression& e : compiled("([a-z]+)([0-9]*)", grammar::extended)) {
    const std::string_view subject = "ab1 c,d23";
    matcher m{e, subject};
    std::string all;
    for (std::size_t from = 0; *m.search(from); from = m.group(0)->end)
      all += described(m, e) + ";";
    EXPECT_EQ(all, "0-3 0-2 2-3;4-5 4-5 5-5;6-9 6-7 7-9;");
  }
}

// Refuses mmap and mprotect with PROT_EXEC, as hardened systems do.
bool deny_executable_memory() {
  constexpr auto number = offsetof(seccomp_data, nr);
  constexpr auto protection = offsetof(seccomp_data, args[2]);
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, number),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, protection),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{.len = std::size(filter), .filter = filter};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 &&
         ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
             MAP_FAILED;
}

TEST(Match, GoesWithoutMachineCodeWhereThatIsForbidden) {
  const auto works = [] {
    const auto e = expression::compile("([a-z]+)-([0-9]+)", grammar::ecma, {.optimize = true});
    if (!e) return false;
    matcher m{*e, "an item-12"};
    return *m.search(0) && described(m, *e) == "3-10 3-7 8-10" && m.scan(0)->resume == 3;
  };
  EXPECT_TRUE(works());
  const pid_t child = ::fork();
  if (child == 0) ::_exit(!deny_executable_memory() ? 2 : works() ? 0 : 1);
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

// --- streams -------------------------------------------------------------------------------------

// What scan says of the subject: "0-3", or "more 2".
std::string scanned(std::string_view pattern, grammar syntax, std::string_view subject,
                    match_flags flags = none, std::size_t from = 0) {
  std::string first;
  for (const expression& e : compiled(pattern, syntax)) {
    matcher m{e, subject};
    const auto result = m.scan(from, flags);
    if (!result) return result.error().message();
    std::string text = result->found ? described(m, e) : "more " + std::to_string(result->resume);
    if (first.empty()) first = text;
    EXPECT_EQ(text, first) << pattern << " with machine code";
  }
  return first;
}

TEST(Scan, SaysWhatMayStillBeAMatch) {
  for (const grammar syntax : {grammar::basic, grammar::extended, grammar::ecma}) {
    EXPECT_EQ(scanned("abc", syntax, "xxabcx"), "2-5");
    EXPECT_EQ(scanned("abc", syntax, "xxabc"), "2-5");
    EXPECT_EQ(scanned("abc", syntax, "xxab"), "more 2");
    EXPECT_EQ(scanned("abc", syntax, "xxa"), "more 2");
    EXPECT_EQ(scanned("abc", syntax, "xx"), "more 2");
    EXPECT_EQ(scanned("abc", syntax, ""), "more 0");
    EXPECT_EQ(scanned("[ \t]*", syntax, "ab  ", not_null), "more 2");
    EXPECT_EQ(scanned("[ \t]*", syntax, "ab  c", not_null), "2-4");
    EXPECT_EQ(scanned("a$", syntax, "xa"), "more 1");
    EXPECT_EQ(scanned("a", syntax, "xaxa", none, 2), "3-4");
  }
}

TEST(Scan, TheLongestMatchIsKnownOnlyWhenNothingCanFollow) {
  EXPECT_EQ(scanned("a|ab", grammar::extended, "xa"), "more 1");
  EXPECT_EQ(scanned("a|ab", grammar::extended, "xac"), "1-2");
  EXPECT_EQ(scanned("a|ab", grammar::extended, "xab"), "1-3");
  EXPECT_EQ(scanned("a|ab", grammar::ecma, "xa"), "1-2");
  EXPECT_EQ(scanned("ab|a", grammar::ecma, "xa"), "more 1");
  EXPECT_EQ(scanned("\r?\n|\r", grammar::extended, "x\r"), "more 1");
  EXPECT_EQ(scanned("\r?\n|\r", grammar::extended, "x\r\n"), "1-3");
  EXPECT_EQ(scanned(R"(\(a*\)b\1)", grammar::basic, "aabaa"), "0-5 0-2");
  EXPECT_EQ(scanned(R"(\(a*\)b\1)", grammar::basic, "aaba"), "more 0");
  const std::string many(40, 'a');
  EXPECT_EQ(scanned("(a|aa|aaa)*b", grammar::extended, many), "more 0");
  EXPECT_EQ(scanned("(a|aa|aaa)*b?", grammar::extended, many + "c"), "0-40 39-40");
}

// Fed byte by byte, a stream has the matches that the whole has.
TEST(Scan, FindsWhatTheWholeHas) {
  const std::string text = "ab, cd,,ef \r\n,gh\r\n\r\nabcabcd ab";
  for (const grammar syntax : {grammar::extended, grammar::ecma})
    for (const char* pattern :
         {"[, ]+", "\r?\n", "a|ab|abc", "(abc)+d?", "b|c|,,", "\r\n(\r\n)*", "[a-z]+(,|\r)?"})
      for (const expression& e : compiled(pattern, syntax)) {
        std::vector<std::string> expected, fed;
        matcher all{e, text};
        for (std::size_t from = 0; *all.search(from); from = all.group(0)->end)
          expected.push_back(described(all, e));
        std::size_t from = 0;
        for (std::size_t size = 0; size <= text.size();) {
          matcher m{e, std::string_view{text}.substr(0, size)};
          const bool at_end = size == text.size();
          const auto result = m.scan(from);
          bool is_found = result->found;
          if (at_end && !is_found) is_found = *m.search(from);
          if (is_found) {
            fed.push_back(described(m, e));
            from = m.group(0)->end;
          } else {
            ASSERT_GE(result->resume, from);
            from = result->resume;
            ++size;
          }
        }
        EXPECT_EQ(fed, expected) << pattern;
      }
}

}  // namespace
}  // namespace emilua::regex
