#include "lib/regex/expression.h"

#include <pcre2.h>

#include <new>

namespace emilua::regex {
namespace {

// What PCRE2 still finds wrong with a translation: that it is too much.
regex_errc to_errc(int error) {
  switch (error) {
    case PCRE2_ERROR_PATTERN_TOO_LARGE:
    case PCRE2_ERROR_PATTERN_TOO_COMPLICATED:
    case PCRE2_ERROR_TOO_MANY_CAPTURES:
      return regex_errc::space;
    case PCRE2_ERROR_PARENTHESES_NEST_TOO_DEEP:
      return regex_errc::stack;
    default:  // PCRE2 and translate.cc disagree: tests/fuzz looks for this
      return regex_errc::complexity;
  }
}

}  // namespace

void expression::release::operator()(pcre2_real_code_8* code) const noexcept {
  pcre2_code_free(code);
}

boost::system::result<expression, failure> expression::compile(std::string_view pattern,
                                                               grammar syntax, const options& how) {
  const auto translated = translate(pattern, syntax);
  if (!translated) return translated.error();

  std::uint32_t flags = PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP |
                        PCRE2_NEVER_BACKSLASH_C;
  if (how.ignore_case) flags |= PCRE2_CASELESS;
  // To ECMAScript a group that took no part is empty; to POSIX a reference to it never matches.
  if (syntax == grammar::ecma) flags |= PCRE2_MATCH_UNSET_BACKREF;
  int error = 0;
  PCRE2_SIZE offset = 0;
  expression result;
  result.code_.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated->text.data()),
                                   translated->text.size(), flags, &error, &offset, nullptr));
  if (result.code_ == nullptr) {
    if (error == PCRE2_ERROR_HEAP_FAILED) throw std::bad_alloc{};
    return failure{to_errc(error), std::string_view::npos};
  }
  // Without executable memory the interpreter does it.
  if (how.optimize) (void)pcre2_jit_compile(result.code_.get(), PCRE2_JIT_COMPLETE);
  result.syntax_ = syntax;
  result.how_ = how;
  result.group_count_ = translated->group_count;
  result.has_back_references_ = translated->has_back_references;
  result.looks_back_ = translated->looks_back;
  result.greedy_is_longest_ = translated->greedy_is_longest;
  if (!how.ignore_case) result.run_ = translated->run;
  return result;
}

void expression::prepare_scan() const noexcept {
  if (how_.optimize) (void)pcre2_jit_compile(code_.get(), PCRE2_JIT_PARTIAL_HARD);
}

}  // namespace emilua::regex
