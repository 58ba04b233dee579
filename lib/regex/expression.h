// A compiled regular expression over bytes, in the classic locale.
//
//   auto e = regex::expression::compile("([0-9]+)-([0-9]+)", grammar::extended, {.optimize =
//   true}); if (!e) log(e.error().code, e.error().position); regex::matcher m{*e, subject}; //
//   matcher.h
//
// Whatever the pattern, compiling takes bounded time and memory: fractions of a second, and a few
// MiB for a moment. Thread-safe once made, but for matcher::scan of the same expression.
#pragma once

#include <boost/system/result.hpp>
#include <memory>
#include <optional>
#include <string_view>

#include "lib/regex/error.h"
#include "lib/regex/translate.h"

struct pcre2_real_code_8;

namespace emilua::regex {

struct options {
  bool ignore_case = false;  // of ASCII letters
  bool nosubs = false;       // groups are not counted, and not reported
  bool optimize = false;     // to machine code, where mapping executable memory is allowed
};

class expression {
 public:
  // The error is none of matching: not `complexity`. Throws std::bad_alloc.
  [[nodiscard]] static boost::system::result<expression, failure> compile(std::string_view pattern,
                                                                          grammar syntax,
                                                                          const options& how = {});

  [[nodiscard]] unsigned mark_count() const noexcept { return how_.nosubs ? 0 : group_count_; }
  [[nodiscard]] grammar syntax() const noexcept { return syntax_; }
  [[nodiscard]] const options& how() const noexcept { return how_; }

  // How many bytes before a match decide whether it is one: 0 or 1.
  [[nodiscard]] std::size_t lookbehind() const noexcept { return looks_back_ ? 1 : 0; }

  // For a loop that is faster than any matcher: what this matches, if that is so simple.
  [[nodiscard]] const std::optional<byte_run>& run() const noexcept { return run_; }

 private:
  friend class matcher;

  struct release {
    void operator()(pcre2_real_code_8* code) const noexcept;
  };

  expression() = default;

  // Machine code for matcher::scan: made when it is first needed.
  void prepare_scan() const noexcept;

  [[nodiscard]] bool is_posix() const noexcept { return syntax_ != grammar::ecma; }

  std::unique_ptr<pcre2_real_code_8, release> code_;
  grammar syntax_ = grammar::ecma;
  options how_;
  unsigned group_count_ = 0;
  bool has_back_references_ = false;
  bool looks_back_ = false;
  bool greedy_is_longest_ = false;
  std::optional<byte_run> run_;
};

}  // namespace emilua::regex
