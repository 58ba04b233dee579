#include "lib/turtle/lexer.h"

#include <algorithm>
#include <utility>

#include "lib/turtle/characters.h"

namespace emilua::turtle {

lexer::lexer(std::string_view text, const limits& bounds) : text_(text), limits_(bounds) {
  (void)take("\xef\xbb\xbf");  // the byte order mark
}

bool lexer::take(char c) noexcept {
  if (at_end() || text_[pos_] != c) return false;
  ++pos_;
  return true;
}

bool lexer::take(std::string_view text) noexcept {
  if (!text_.substr(pos_).starts_with(text)) return false;
  pos_ += text.size();
  return true;
}

void lexer::skip_space() noexcept {
  for (; !at_end(); ++pos_) {
    const char c = text_[pos_];
    if (c == '#')
      pos_ = std::min(text_.find_first_of("\n\r", pos_), text_.size() - 1);
    else if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
      return;
  }
}

// Cheap as long as `at` grows.
std::size_t lexer::line_at(std::size_t at) noexcept {
  if (at < counted_to_) {
    counted_to_ = 0;
    line_ = 1;
  }
  line_ += static_cast<std::size_t>(
      std::ranges::count(text_.substr(counted_to_, at - counted_to_), '\n'));
  counted_to_ = at;
  return line_;
}

bool lexer::fail(syntax_error error, std::size_t start) noexcept {
  failure_ = {error, line_at(start)};
  return false;
}

bool lexer::charge(std::size_t bytes) noexcept {
  charged_ += bytes;
  return charged_ <= limits_.output_bytes || fail(syntax_error::too_large);
}

// --- names and IRIs

// The end of a run of name characters and dots that does not end with a dot.
std::size_t lexer::end_of_name(std::size_t at) const noexcept {
  std::size_t end = at;
  for (;;) {
    const code_point c = first_code_point(text_.substr(at));
    if (c.value != '.' && !is_name_char(c.value)) return end;
    at += c.size;
    if (c.value != '.') end = at;
  }
}

std::string_view lexer::prefix() const noexcept {
  if (!is_name_start(first_code_point(text_.substr(pos_)).value)) return {};
  return text_.substr(pos_, end_of_name(pos_) - pos_);
}

std::string_view lexer::word() const noexcept {
  const std::string_view word = prefix();
  return peek(word.size()) == ':' ? std::string_view{} : word;
}

bool lexer::is_empty_brackets() noexcept {
  const std::size_t start = pos_;
  if (!take('[')) return false;
  skip_space();
  const bool empty = peek() == ']';
  pos_ = start;
  return empty;
}

bool lexer::iri_text(std::string& out) {
  constexpr std::string_view forbidden = "<>\"{}|^`\\";  // also what is escaped
  const std::size_t start = pos_++;
  out.clear();
  while (!take('>')) {
    if (at_end()) return fail(syntax_error::bad_iri, start);
    char32_t c = static_cast<unsigned char>(text_[pos_]);
    if (c == '\\') {
      if (!unicode_escape(c)) return false;
      append_utf8(out, c);
    } else {
      out += text_[pos_++];
    }
    if (c <= ' ' || (c < 0x80 && forbidden.find(static_cast<char>(c)) != forbidden.npos))
      return fail(syntax_error::bad_iri, start);
  }
  return true;
}

bool lexer::local_name(std::string& out) {
  std::size_t dots = 0;  // part of the name only if more of it follows
  for (bool first = true;; first = false) {
    const code_point c = first_code_point(text_.substr(pos_));
    if (c.value == '.' && !first) {
      ++dots;
      ++pos_;
      continue;
    }
    const bool escape = c.value == '%' || c.value == '\\';
    if (!escape && c.value != ':' && !(first ? is_label_start(c.value) : is_name_char(c.value)))
      break;
    out.append(std::exchange(dots, 0), '.');
    if (escape) {
      if (!local_escape(out)) return false;
    } else {
      out += text_.substr(pos_, c.size);
      pos_ += c.size;
    }
  }
  pos_ -= dots;
  return true;
}

// %HH stays as it is; \ before punctuation goes.
bool lexer::local_escape(std::string& out) {
  constexpr std::string_view punctuation = "_~.-!$&'()*+,;=/?#@%";
  if (peek() == '%') {
    if (hex_value(peek(1)) < 0 || hex_value(peek(2)) < 0) return fail(syntax_error::bad_escape);
    out += text_.substr(pos_, 3);
    pos_ += 3;
    return true;
  }
  if (punctuation.find(peek(1)) == punctuation.npos) return fail(syntax_error::bad_escape);
  out += peek(1);
  pos_ += 2;
  return true;
}

bool lexer::blank_node_label(std::string& out) {
  const std::size_t start = pos_;
  if (!take("_:") || !is_label_start(first_code_point(text_.substr(pos_)).value))
    return fail(syntax_error::bad_name, start);
  const std::size_t end = end_of_name(pos_);
  out = text_.substr(pos_, end - pos_);
  pos_ = end;
  return true;
}

// --- literals

bool lexer::is_number() const noexcept {
  const char c = peek();
  if (c == '.') return is_digit(static_cast<unsigned char>(peek(1)));
  return c == '+' || c == '-' || is_digit(static_cast<unsigned char>(c));
}

bool lexer::number(std::string_view& out, std::string_view& type_name) {
  const std::size_t start = pos_;
  const std::size_t whole = peek() == '+' || peek() == '-' ? pos_ + 1 : pos_;
  std::size_t end = end_of_digits(whole);
  const bool has_whole = end > whole;
  // A dot without digits after it belongs to the number only if an exponent follows.
  const std::size_t fraction = at(end) == '.' ? end_of_digits(end + 1) : end;
  const bool has_fraction = fraction > end + 1;
  const std::size_t exponent = end_of_exponent(fraction);
  if (!has_whole && !has_fraction) return fail(syntax_error::expected_object);
  type_name = "integer";
  if (exponent > fraction) {
    type_name = "double";
    end = exponent;
  } else if (has_fraction) {
    type_name = "decimal";
    end = fraction;
  }
  out = text_.substr(start, end - start);
  pos_ = end;
  return true;
}

std::size_t lexer::end_of_digits(std::size_t at) const noexcept {
  while (is_digit(static_cast<unsigned char>(this->at(at)))) ++at;
  return at;
}

// `start` itself if there is none.
std::size_t lexer::end_of_exponent(std::size_t start) const noexcept {
  if (at(start) != 'e' && at(start) != 'E') return start;
  const bool has_sign = at(start + 1) == '+' || at(start + 1) == '-';
  const std::size_t digits = start + (has_sign ? 2 : 1);
  const std::size_t end = end_of_digits(digits);
  return end > digits ? end : start;
}

bool lexer::quoted(std::string& out) {
  const std::size_t start = pos_;
  const std::string three(3, peek());
  const bool is_long = text_.substr(pos_).starts_with(three);
  const std::string_view quote = std::string_view{three}.substr(is_long ? 0 : 2);
  pos_ += quote.size();
  out.clear();
  while (!take(quote)) {
    const char c = peek();
    if (at_end() || (!is_long && (c == '\n' || c == '\r')))
      return fail(syntax_error::bad_string, start);
    if (c == '\\') {
      if (!string_escape(out)) return false;
    } else {
      out += c;
      ++pos_;
    }
  }
  return true;
}

bool lexer::string_escape(std::string& out) {
  constexpr std::string_view names = "tbnrf\"'\\";
  constexpr std::string_view values = "\t\b\n\r\f\"'\\";
  if (const auto i = names.find(peek(1)); i != names.npos) {
    out += values[i];
    pos_ += 2;
    return true;
  }
  char32_t value = 0;
  if (!unicode_escape(value)) return false;
  append_utf8(out, value);
  return true;
}

// \uXXXX or \UXXXXXXXX
bool lexer::unicode_escape(char32_t& out) {
  const std::size_t start = pos_;
  const char c = peek(1);
  if (c != 'u' && c != 'U') return fail(syntax_error::bad_escape);
  const std::size_t end = pos_ + (c == 'u' ? 6 : 10);
  out = 0;
  for (pos_ += 2; pos_ < end; ++pos_) {
    const int digit = hex_value(peek());
    if (digit < 0) return fail(syntax_error::bad_escape, start);
    out = out << 4 | static_cast<char32_t>(digit);
  }
  return is_scalar_value(out) || fail(syntax_error::bad_escape, start);
}

// Letters, then groups of letters and digits with hyphens between them.
bool lexer::language_tag(std::string& out) {
  const std::size_t start = pos_;
  for (bool first = true; first || take('-'); first = false) {
    const std::size_t group = pos_;
    for (;; ++pos_) {
      const auto c = static_cast<unsigned char>(peek());
      if (!is_letter(c) && (first || !is_digit(c))) break;
    }
    if (pos_ == group) return fail(syntax_error::bad_language_tag, start);
  }
  out = text_.substr(start, pos_ - start);
  return true;
}

}  // namespace emilua::turtle
