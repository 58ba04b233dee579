#include "lib/regex/translate.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "lib/regex/bracket.h"
#include "lib/regex/builder.h"

namespace emilua::regex {
namespace {

// What a pattern of the permitted size may become: PCRE2 compiles to 64 KiB at most, anyway.
constexpr std::size_t max_translation = std::size_t{1} << 20;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_alphanumeric(char c) { return is_digit(c) || is_letter(c); }

constexpr bool is_one_of(char c, std::string_view s) { return s.find(c) != s.npos; }

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// What the grammars share. A function that returns bool consumes what its name says, or records the
// failure and returns false.
class parser {
 public:
  parser(std::string_view text, grammar syntax) : text_(text), syntax_(syntax) {}

  boost::system::result<translation, failure> run() {
    if (text_.size() > max_pattern_size) return failure{regex_errc::space, std::string::npos};
    while (!at_end()) {
      if (!piece()) return failure_;
      if (out_.size() > max_translation) return failure{regex_errc::space, std::string::npos};
    }
    if (!opened_.empty()) return failure{regex_errc::paren, opened_.back().at};
    if (last_reference_ > out_.group_count()) return failure{regex_errc::backref, reference_at_};
    return std::move(out_).finish();
  }

 private:
  // A byte or a class, in brackets.
  struct element {
    std::optional<unsigned char> byte;
    byte_set set;
  };

  struct opened_group {
    std::size_t at;
    unsigned number;  // 0 if it captures nothing
  };

  [[nodiscard]] bool at_end() const { return pos_ == text_.size(); }
  [[nodiscard]] bool comes(std::string_view s) const { return text_.substr(pos_).starts_with(s); }
  bool take(std::string_view s) {
    if (!comes(s)) return false;
    pos_ += s.size();
    return true;
  }

  bool fail(regex_errc code, std::size_t at) {
    failure_ = {code, at};
    return false;
  }

  bool piece() {
    switch (syntax_) {
      case grammar::basic:
        return basic_piece();
      case grammar::extended:
        return extended_piece();
      case grammar::ecma:
        break;
    }
    return ecma_piece();
  }

  bool literal() {
    out_.literal(static_cast<unsigned char>(text_[pos_++]));
    return true;
  }

  bool any_byte() {
    ++pos_;
    out_.any_byte();
    return true;
  }

  bool anchor() {
    out_.anchor(text_[pos_++]);
    return true;
  }

  bool alternative() {
    ++pos_;
    out_.alternative();
    return true;
  }

  bool open(group_kind kind, std::size_t at) {
    if (!out_.open(kind)) return fail(regex_errc::stack, at);
    opened_.push_back({at, kind == group_kind::capture ? out_.group_count() : 0});
    return true;
  }

  bool close(std::size_t at) {
    if (opened_.empty()) return fail(regex_errc::paren, at);
    opened_.pop_back();
    out_.close();
    return true;
  }

  [[nodiscard]] bool is_closed(unsigned group) const {
    return group <= out_.group_count() &&
           std::ranges::find(opened_, group, &opened_group::number) == opened_.end();
  }

  bool repeat(const repetition& times, std::size_t at) {
    const bool again = out_.is_repeated() && syntax_ == grammar::ecma;
    if (!out_.has_atom() || again) return fail(regex_errc::badrepeat, at);
    if (!out_.repeat(times)) return fail(regex_errc::stack, at);
    return true;
  }

  bool number(std::size_t brace, unsigned& value);
  bool interval(std::string_view closing, std::size_t at, repetition& times);
  bool quantifier();

  bool bracket();
  bool next_element(std::size_t start, element& result);
  bool named_element(std::size_t start, element& result);
  bool class_escape(element& result);

  bool basic_piece();
  bool basic_escape();
  bool extended_piece();
  bool posix_escape(std::string_view forbidden);
  bool ecma_piece();
  bool ecma_group();
  bool ecma_escape();
  bool ecma_reference();
  bool character_escape(std::size_t start, unsigned char& byte);
  bool hex_escape(std::size_t start, unsigned digits, unsigned char& byte);

  std::string_view text_;
  grammar syntax_;
  std::size_t pos_ = 0;
  builder out_;
  std::vector<opened_group> opened_;
  unsigned last_reference_ = 0;  // the highest group that was referred to
  std::size_t reference_at_ = 0;
  failure failure_{};
};

// --- repetition ----------------------------------------------------------------------------------

// Behind the brace.
bool parser::number(std::size_t brace, unsigned& value) {
  const std::size_t start = pos_;
  for (value = 0; !at_end() && is_digit(text_[pos_]); ++pos_)
    value = std::min(value * 10 + static_cast<unsigned>(text_[pos_] - '0'), max_repeat + 1);
  if (at_end()) return fail(regex_errc::brace, brace);
  if (pos_ == start) return fail(regex_errc::badbrace, start);
  return value <= max_repeat || fail(regex_errc::space, start);
}

// What follows the brace at `at`.
bool parser::interval(std::string_view closing, std::size_t at, repetition& times) {
  if (!number(at, times.min)) return false;
  times.max = times.min;
  if (take(",")) {
    times.max.reset();
    unsigned max = 0;
    if (!comes(closing)) {
      if (!number(at, max)) return false;
      times.max = max;
    }
  }
  if (!take(closing)) return fail(regex_errc::badbrace, pos_);
  return !times.max || times.min <= *times.max || fail(regex_errc::badbrace, at);
}

// * + ? {n,m}, and in ECMAScript ? behind it.
bool parser::quantifier() {
  const std::size_t start = pos_;
  repetition times;
  switch (text_[pos_++]) {
    case '*':
      break;
    case '+':
      times.min = 1;
      break;
    case '?':
      times.max = 1;
      break;
    default:
      if (!out_.has_atom()) return fail(regex_errc::badrepeat, start);
      if (!interval("}", start, times)) return false;
  }
  if (syntax_ == grammar::ecma) times.lazy = take("?");
  return repeat(times, start);
}

// --- brackets ------------------------------------------------------------------------------------

bool parser::bracket() {
  const std::size_t start = pos_++;
  const bool negated = take("^");
  byte_set set;
  // In POSIX, ] is literal when it comes first.
  for (bool first = true; !comes("]") || (first && syntax_ != grammar::ecma); first = false) {
    const std::size_t from_at = pos_;
    element from, to;
    if (!next_element(start, from)) return false;
    set |= from.set;
    if (!comes("-") || text_.substr(pos_, 2) == "-]") continue;
    ++pos_;
    if (!next_element(start, to)) return false;
    if (!from.byte || !to.byte || *from.byte > *to.byte) return fail(regex_errc::range, from_at);
    for (unsigned c = *from.byte; c <= *to.byte; ++c) set.set(c);
    // What POSIX leaves open: [a-c-e]
    if (syntax_ != grammar::ecma && comes("-") && text_.substr(pos_, 2) != "-]")
      return fail(regex_errc::range, pos_);
  }
  ++pos_;
  out_.set(set, negated);
  return true;
}

bool parser::next_element(std::size_t start, element& result) {
  if (at_end()) return fail(regex_errc::brack, start);
  const char c = text_[pos_];
  if (c == '[' && pos_ + 1 < text_.size() && is_one_of(text_[pos_ + 1], ":.="))
    return named_element(start, result);
  if (c == '\\' && syntax_ == grammar::ecma) return class_escape(result);
  ++pos_;
  result.byte = static_cast<unsigned char>(c);
  result.set.set(*result.byte);
  return true;
}

// [:class:] [.element.] [=element=]
bool parser::named_element(std::size_t start, element& result) {
  const std::size_t at = pos_;
  const char kind = text_[pos_ + 1];
  const char closing[] = {kind, ']'};
  // The first byte of an element's name may be one of what closes, as in [.].] and [...]
  const std::size_t name = pos_ + 2;
  const std::size_t end = text_.find({closing, 2}, kind == ':' ? name : name + 1);
  if (end == std::string_view::npos) return fail(regex_errc::brack, start);
  const std::string_view text = text_.substr(name, end - name);
  pos_ = end + 2;
  if (kind == ':') {
    const auto set = character_class(text);
    if (!set) return fail(regex_errc::ctype, at);
    result.set = *set;
    return true;
  }
  result.byte = collating_element(text);
  if (!result.byte) return fail(regex_errc::ctype, at);
  result.set.set(*result.byte);
  return true;
}

// The class that \d \D \s \S \w \W name.
std::optional<byte_set> escaped_class(char c) {
  const bool negated = c == 'D' || c == 'S' || c == 'W';
  if (!negated && c != 'd' && c != 's' && c != 'w') return std::nullopt;
  const char name = negated ? static_cast<char>(c - 'A' + 'a') : c;
  const auto set = character_class({&name, 1});
  return negated ? ~*set : *set;
}

// In brackets of ECMAScript.
bool parser::class_escape(element& result) {
  const std::size_t start = pos_++;
  if (at_end()) return fail(regex_errc::escape, start);
  if (const auto set = escaped_class(text_[pos_])) {
    ++pos_;
    result.set = *set;
    return true;
  }
  unsigned char byte = '\b';
  if (!take("b") && !character_escape(start, byte)) return false;
  result.byte = byte;
  result.set.set(byte);
  return true;
}

// --- POSIX ---------------------------------------------------------------------------------------

bool parser::basic_piece() {
  const bool first = pos_ == 0 || (pos_ >= 2 && !opened_.empty() && opened_.back().at == pos_ - 2);
  switch (text_[pos_]) {
    case '\\':
      return basic_escape();
    case '[':
      return bracket();
    case '.':
      return any_byte();
    case '*':
      if (!out_.has_atom()) return literal();
      return quantifier();
    case '^':
      return first ? anchor() : literal();
    case '$':
      return pos_ + 1 == text_.size() || text_.substr(pos_ + 1).starts_with("\\)") ? anchor()
                                                                                   : literal();
    default:
      return literal();
  }
}

bool parser::basic_escape() {
  const std::size_t start = pos_;
  if (take("\\(")) return open(group_kind::capture, start);
  if (take("\\)")) return close(start);
  if (take("\\{")) {
    repetition times;
    if (!out_.has_atom()) return fail(regex_errc::badrepeat, start);
    return interval("\\}", start, times) && repeat(times, start);
  }
  if (take("\\}")) return fail(regex_errc::brace, start);
  if (pos_ + 1 == text_.size() || !is_digit(text_[pos_ + 1]) || text_[pos_ + 1] == '0')
    return posix_escape("+?|<>`'");
  const auto group = static_cast<unsigned>(text_[pos_ + 1] - '0');
  if (!is_closed(group)) return fail(regex_errc::backref, start);
  pos_ += 2;
  out_.back_reference(group);
  return true;
}

// \ before what is literal then.
bool parser::posix_escape(std::string_view forbidden) {
  const std::size_t start = pos_++;
  if (at_end() || is_alphanumeric(text_[pos_]) || is_one_of(text_[pos_], forbidden))
    return fail(regex_errc::escape, start);
  return literal();
}

bool parser::extended_piece() {
  const std::size_t start = pos_;
  switch (text_[pos_]) {
    case '\\':
      return posix_escape("<>`'");
    case '[':
      return bracket();
    case '.':
      return any_byte();
    case '*':
    case '+':
    case '?':
    case '{':
      return quantifier();
    case '(':
      ++pos_;
      return open(group_kind::capture, start);
    case ')':
      ++pos_;
      return close(start);
    case '|':
      return alternative();
    case '^':
    case '$':
      return anchor();
    default:
      return literal();
  }
}

// --- ECMAScript ----------------------------------------------------------------------------------

bool parser::ecma_piece() {
  switch (text_[pos_]) {
    case '\\':
      return ecma_escape();
    case '.': {
      byte_set line_ends;
      line_ends.set('\n').set('\r');
      ++pos_;
      out_.set(line_ends, true);
      return true;
    }
    case '(':
      return ecma_group();
    default:
      return extended_piece();
  }
}

bool parser::ecma_group() {
  const std::size_t start = pos_;
  if (take("(?:")) return open(group_kind::plain, start);
  if (take("(?=")) return open(group_kind::lookahead, start);
  if (take("(?!")) return open(group_kind::negative_lookahead, start);
  if (take("(?")) return fail(regex_errc::paren, start);
  ++pos_;
  return open(group_kind::capture, start);
}

bool parser::ecma_escape() {
  const std::size_t start = pos_++;
  if (at_end()) return fail(regex_errc::escape, start);
  const char c = text_[pos_];
  if (c == 'b' || c == 'B') {
    ++pos_;
    out_.word_boundary(c == 'B');
    return true;
  }
  if (const auto set = escaped_class(c)) {
    ++pos_;
    out_.set(*set, false);
    return true;
  }
  if (is_digit(c) && c != '0') return ecma_reference();
  unsigned char byte = 0;
  if (!character_escape(start, byte)) return false;
  out_.literal(byte);
  return true;
}

// To a group that may yet come: the reference matches the empty string then.
bool parser::ecma_reference() {
  const std::size_t start = pos_ - 1;
  unsigned group = 0;
  for (; !at_end() && is_digit(text_[pos_]); ++pos_)
    group = std::min(group * 10 + static_cast<unsigned>(text_[pos_] - '0'), 100'000U);
  if (group > last_reference_) {
    last_reference_ = group;
    reference_at_ = start;
  }
  if (group > max_pattern_size / 2) return fail(regex_errc::backref, start);
  out_.back_reference(group);
  return true;
}

// What follows the backslash at `start`, and stands for one byte.
bool parser::character_escape(std::size_t start, unsigned char& byte) {
  constexpr std::string_view names = "fnrtv", values = "\f\n\r\t\v";
  const char c = text_[pos_++];
  if (const auto i = names.find(c); i != names.npos) {
    byte = static_cast<unsigned char>(values[i]);
    return true;
  }
  switch (c) {
    case '0':
      byte = 0;
      return at_end() || !is_digit(text_[pos_]) || fail(regex_errc::escape, start);
    case 'c':
      if (at_end() || !is_letter(text_[pos_])) return fail(regex_errc::escape, start);
      byte = static_cast<unsigned char>(text_[pos_++] & 31);
      return true;
    case 'x':
      return hex_escape(start, 2, byte);
    case 'u':
      return hex_escape(start, 4, byte);
    default:
      byte = static_cast<unsigned char>(c);
      return (!is_alphanumeric(c) && c != '_') || fail(regex_errc::escape, start);
  }
}

bool parser::hex_escape(std::size_t start, unsigned digits, unsigned char& byte) {
  unsigned value = 0;
  for (; digits != 0; --digits, ++pos_) {
    const int digit = at_end() ? -1 : hex_value(text_[pos_]);
    if (digit < 0) return fail(regex_errc::escape, start);
    value = value * 16 + static_cast<unsigned>(digit);
  }
  byte = static_cast<unsigned char>(value);
  return value <= 255 || fail(regex_errc::escape, start);
}

}  // namespace

boost::system::result<translation, failure> translate(std::string_view pattern, grammar syntax) {
  return parser{pattern, syntax}.run();
}

}  // namespace emilua::regex
