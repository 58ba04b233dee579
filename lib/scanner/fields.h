// What a record is made of.
//
//   scanner::field_cursor fields{record, {.literal = ","}};
//   while (*fields.next()) use(record.substr(fields.field().begin, fields.field().size()));
//
// Fields are found one at a time, so that whoever wants the second of a hundred pays for two.
// Nothing is copied. Literal separators, and expressions that are a set of bytes or a run of them,
// cost no matcher; for others steps are counted over all fields of a record (lib/regex/matcher.h).
//
// An empty record has no field if the separator is literal, one empty field if it is an expression.
// Behind the last separator there is a field in any case if it is literal; if it is an expression
// only when that field is not empty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "lib/base/error.h"
#include "lib/regex/expression.h"
#include "lib/regex/matcher.h"

namespace emilua::scanner {

using regex::range;

inline constexpr std::string_view white_space = " \f\n\r\t\v";

// What is between the members of `set` at both ends of `text`.
[[nodiscard]] std::string_view trimmed(std::string_view text, std::string_view set) noexcept;

// One of the three; the first that is there.
struct field_rule {
  std::string_view literal = {};                 // what separates, not empty
  const regex::expression* separator = nullptr;  // the same; empty matches do not count
  const regex::expression* pattern = nullptr;    // what a field is, empty matches included
};

class field_cursor {
 public:
  // All must outlive it. Throws std::bad_alloc.
  field_cursor(std::string_view record, const field_rule& rule);

  // Whether there is another field.
  [[nodiscard]] base::result<bool> next() {
    if (done_) return false;
    if (literal_.size() == 1) return next_between_bytes();
    if (!literal_.empty()) return next_between_literals();
    if (run_ != nullptr) return next_between_runs();
    return pattern_ ? next_match() : next_separated();
  }

  [[nodiscard]] range field() const noexcept { return field_; }

 private:
  bool next_between_bytes() noexcept;
  bool next_between_literals() noexcept;
  bool take_until_literal(std::size_t separator) noexcept;
  bool next_between_runs() noexcept;
  base::result<bool> next_separated();
  base::result<bool> next_match();
  bool take_until(std::size_t separator, std::size_t next) noexcept;

  std::string_view record_;
  std::string_view literal_;
  const regex::byte_run* run_ = nullptr;
  std::optional<regex::matcher> matcher_;
  bool pattern_ = false;
  bool done_ = false;
  bool after_empty_ = false;
  std::size_t from_ = 0;
  std::uint64_t marks_ = 0;  // a bit in each of the eight bytes before `marked_` that separates
  std::size_t marked_ = 0;
  range field_{0, 0};
};

}  // namespace emilua::scanner
