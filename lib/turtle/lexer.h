// The tokens of Turtle: what the grammar in turtle.cc is made of.
//
//   class reader : lexer { bool subject() { skip_space(); return peek() == '<' && iri_text(…); } };
//
// A function that returns bool consumes what its name says; if that is not what comes, it records
// the failure and returns false, and nothing more is to be asked. The others only look. Nothing is
// looked at more than a few times, however long: time is linear.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "lib/turtle/turtle.h"

namespace emilua::turtle {

class lexer {
 public:
  // The text is UTF-8; it must outlive the lexer.
  lexer(std::string_view text, const limits& bounds);

  [[nodiscard]] const failure& why() const noexcept { return failure_; }
  [[nodiscard]] const limits& bounds() const noexcept { return limits_; }

  // --- characters

  [[nodiscard]] bool at_end() const noexcept { return pos_ == text_.size(); }

  // Zero at the end; as a character of the document, zero fits nowhere but in strings.
  [[nodiscard]] char peek(std::size_t offset = 0) const noexcept { return at(pos_ + offset); }

  // Consumes `c` if it comes next.
  bool take(char c) noexcept;
  bool take(std::string_view text) noexcept;

  // And comments.
  void skip_space() noexcept;

  // The line of what comes next.
  [[nodiscard]] std::size_t line() noexcept { return line_at(pos_); }

  // Records the failure: of what comes next, or of what has begun at `start`. False.
  bool fail(syntax_error error) noexcept { return fail(error, pos_); }
  bool fail(syntax_error error, std::size_t start) noexcept;

  // Counts work and memory beyond what the size of the input bounds; false at the limit.
  [[nodiscard]] bool charge(std::size_t bytes) noexcept;

  // --- tokens

  // What may be the prefix of a name, or a keyword: empty if no letter comes next.
  [[nodiscard]] std::string_view prefix() const noexcept;
  // The same, but empty if it is the prefix of a name: a colon follows.
  [[nodiscard]] std::string_view word() const noexcept;

  [[nodiscard]] bool is_number() const noexcept;
  // Whether `[` comes next, and `]` after it.
  [[nodiscard]] bool is_empty_brackets() noexcept;

  [[nodiscard]] bool iri_text(std::string& out);  // <…>, as it is written but for escapes
  // What follows the colon of a prefixed name, perhaps nothing: appended.
  [[nodiscard]] bool local_name(std::string& out);
  [[nodiscard]] bool blank_node_label(std::string& out);                          // _:…
  [[nodiscard]] bool quoted(std::string& out);                                    // all four forms
  [[nodiscard]] bool language_tag(std::string& out);                              // after the @
  [[nodiscard]] bool number(std::string_view& out, std::string_view& type_name);  // "decimal" …

 private:
  [[nodiscard]] char at(std::size_t at) const noexcept {
    return at < text_.size() ? text_[at] : '\0';
  }
  [[nodiscard]] std::size_t line_at(std::size_t at) noexcept;
  [[nodiscard]] std::size_t end_of_name(std::size_t at) const noexcept;
  [[nodiscard]] std::size_t end_of_digits(std::size_t at) const noexcept;
  [[nodiscard]] std::size_t end_of_exponent(std::size_t at) const noexcept;
  [[nodiscard]] bool unicode_escape(char32_t& out);
  [[nodiscard]] bool string_escape(std::string& out);
  [[nodiscard]] bool local_escape(std::string& out);

  std::string_view text_;
  limits limits_;
  std::size_t pos_ = 0;
  std::size_t counted_to_ = 0;
  std::size_t line_ = 1;
  std::size_t charged_ = 0;
  failure failure_{};
};

}  // namespace emilua::turtle
