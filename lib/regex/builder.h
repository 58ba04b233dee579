// Writes a PCRE2 pattern piece by piece, with the callouts that it needs (callouts.h).
//
//   builder out;
//   out.literal('a');
//   out.repeat({0, std::nullopt});
//   translation t = std::move(out).finish();
//
// Order and grammar are the caller's business: repeat() only while has_atom(), every open() closed.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/regex/translate.h"

namespace emilua::regex {

enum class group_kind { capture, plain, lookahead, negative_lookahead };

struct repetition {
  unsigned min = 0;
  std::optional<unsigned> max = std::nullopt;
  bool lazy = false;
};

class builder {
 public:
  builder();

  void literal(unsigned char byte);
  void any_byte() { atom("."); }
  void set(const byte_set& bytes, bool negated);
  void anchor(char c);  // ^ or $
  void word_boundary(bool negated);
  void back_reference(unsigned index);

  // False if it is nested too deeply.
  [[nodiscard]] bool open(group_kind kind);
  void alternative();
  void close();

  // Whether there is something that could be repeated, and whether it is already.
  [[nodiscard]] bool has_atom() const noexcept { return atom_ != std::string::npos; }
  [[nodiscard]] bool is_repeated() const noexcept { return repeated_; }
  // False if too much is repeated again.
  [[nodiscard]] bool repeat(const repetition& times);

  [[nodiscard]] std::size_t depth() const noexcept { return groups_.size() - 1; }
  [[nodiscard]] unsigned group_count() const noexcept { return result_.group_count; }
  [[nodiscard]] std::size_t size() const noexcept { return result_.text.size(); }

  [[nodiscard]] translation finish() &&;

 private:
  struct group {
    group_kind kind = group_kind::plain;
    std::size_t begin = 0;      // of its text
    std::size_t digits = 0;     // of the number of its callout
    std::size_t heads = 0;      // bytes that its branches begin with, before their first callout
    bool has_branches = false;  // more than one
    bool varies = false;        // something in it is repeated a varying number of times
  };

  std::string& text() noexcept { return result_.text; }
  void atom(std::string_view piece);
  void assertion(std::string_view piece);
  void set_atom(const byte_set& bytes, bool negated);
  void callout(std::uint32_t number);
  void end_head();
  void before_loop(const repetition& times, bool varies);

  translation result_;
  std::vector<group> groups_;
  std::size_t atom_ = std::string::npos;  // where the last atom begins
  bool atom_is_group_ = false;
  bool atom_varies_ = false;
  bool repeated_ = false;
  std::size_t line_ = 0;  // bytes since the last callout
  bool in_head_ = true;   // no callout yet in this branch
  bool stale_ = false;    // the last callout may have been somewhere else
  bool alternates_ = false;
  unsigned varying_ = 0;
  unsigned repeated_again_ = 0;
  unsigned parts_ = 0;           // atoms, groups and alternatives
  std::optional<byte_run> run_;  // the last atom, if it may be one
};

}  // namespace emilua::regex
