#include "lib/bindings/json/reader.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>

#include "lib/base/utf8.h"

namespace emilua::bindings::json {
namespace {

constexpr bool is_digit(int c) { return c >= '0' && c <= '9'; }

constexpr bool is_high_surrogate(char32_t c) { return c >= 0xd800 && c <= 0xdbff; }
constexpr bool is_low_surrogate(char32_t c) { return c >= 0xdc00 && c <= 0xdfff; }

// Whether a number that is no double, its digits being `integer`.`fraction`e`exponent`, is so
// because it is too large; it is too small otherwise.
bool is_large(std::string_view literal) {
  constexpr std::int64_t bound = std::int64_t{1} << 40;
  const std::size_t mantissa_size = std::min(literal.find_first_of("eE"), literal.size());
  const std::string_view mantissa = literal.substr(0, mantissa_size);
  std::int64_t exponent = 0;
  if (mantissa_size != literal.size()) {
    std::string_view text = literal.substr(mantissa_size + 1);
    if (text.starts_with('+')) text.remove_prefix(1);
    const auto result = std::from_chars(text.data(), text.data() + text.size(), exponent);
    if (result.ec != std::errc{}) exponent = text.starts_with('-') ? -bound : bound;
    exponent = std::clamp(exponent, -bound, bound);
  }
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  const std::size_t first = mantissa.find_first_of("123456789");
  return static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first) + exponent > 0;
}

}  // namespace

namespace detail {

bool lexer::take_word(std::string_view word) {
  const char* start = p_;
  if (!std::string_view{p_, static_cast<std::size_t>(end_ - p_)}.starts_with(word))
    return fail(lexer_errc::unexpected_token, start);
  p_ += word.size();
  return true;
}

// One digit or more.
bool lexer::take_digits() {
  if (peek() == at_end) return fail(lexer_errc::insufficient_tokens);
  if (!is_digit(peek())) return fail_unexpected();
  while (is_digit(peek())) ++p_;
  return true;
}

bool lexer::take_number(double& out) {
  const char* start = p_;
  const bool negative = *p_ == '-';
  if (negative) ++p_;
  const char* digits = p_;
  if (!take_digits()) return false;
  const std::ptrdiff_t count = p_ - digits;
  if (*digits == '0' && count != 1) return fail(lexer_errc::invalid_value, start);
  if (const int c = peek(); c == '.' || c == 'e' || c == 'E') return take_real(start, out);

  std::uint64_t value = 0;
  constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (count <= std::numeric_limits<std::uint64_t>::digits10)
    for (const char* d = digits; d != p_; ++d) value = value * 10 + static_cast<unsigned>(*d - '0');
  else
    value = largest + 2;
  if (value > largest + (negative ? 1 : 0)) return fail(dom_errc::result_out_of_range, start);
  out = static_cast<double>(value);
  if (negative) out = -out;
  return true;
}

// The rest of a number that is no integer, from the point or the exponent on.
bool lexer::take_real(const char* start, double& out) {
  if (peek() == '.') {
    ++p_;
    if (!take_digits()) return false;
  }
  if (peek() == 'e' || peek() == 'E') {
    ++p_;
    if (peek() == '+' || peek() == '-') ++p_;
    if (!take_digits()) return false;
  }
  if (std::from_chars(start, p_, out).ec == std::errc{}) return true;
  const std::string_view literal{start, static_cast<std::size_t>(p_ - start)};
  const bool negative = literal.starts_with('-');
  out = is_large(literal.substr(negative ? 1 : 0)) ? std::numeric_limits<double>::infinity() : 0;
  if (negative) out = -out;
  return true;
}

// A string with something that is not plain, from there on.
bool lexer::take_rest_of_string(const char* start, std::string_view& out) {
  unescaped_.clear();
  for (const char* run = start;; p_ = skip_plain(p_, end_)) {
    switch (const int c = peek()) {
      case '"':
        out = {run, static_cast<std::size_t>(p_ - run)};
        if (run != start) out = unescaped_.append(out);
        ++p_;
        return true;
      case '\\':
        unescaped_.append(run, p_);
        if (!take_escape()) return false;
        run = p_;
        break;
      default: {
        if (c < 0x80) return fail_unexpected();  // control characters, and the end
        const std::size_t size = base::utf8_sequence(
            {p_, std::min<std::size_t>(4, static_cast<std::size_t>(end_ - p_))});
        if (size == 0) return fail_unexpected();
        p_ += size;
      }
    }
  }
}

bool lexer::take_escape() {
  const char* start = p_++;
  char32_t c;
  switch (peek()) {
    case '"':
    case '\\':
    case '/':
      c = static_cast<unsigned char>(*p_);
      break;
    case 'b':
      c = '\b';
      break;
    case 'f':
      c = '\f';
      break;
    case 'n':
      c = '\n';
      break;
    case 'r':
      c = '\r';
      break;
    case 't':
      c = '\t';
      break;
    case 'u':
      ++p_;
      if (!take_hex(c)) return false;
      if (is_high_surrogate(c)) {
        char32_t low;
        if (end_ - p_ < 2 || p_[0] != '\\' || p_[1] != 'u')
          return fail(lexer_errc::unexpected_token, start);
        p_ += 2;
        if (!take_hex(low)) return false;
        if (!is_low_surrogate(low)) return fail(lexer_errc::unexpected_token, start);
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
      }
      if (is_low_surrogate(c)) return fail(lexer_errc::unexpected_token, start);
      base::append_utf8(unescaped_, c);
      return true;
    default:
      return fail_unexpected();
  }
  ++p_;
  unescaped_ += static_cast<char>(c);
  return true;
}

bool lexer::take_hex(char32_t& out) {
  out = 0;
  for (int i = 0; i != 4; ++i, ++p_) {
    const int digit = p_ != end_ ? base::hex_value(*p_) : -1;
    if (digit < 0) return fail_unexpected();
    out = out << 4 | static_cast<unsigned>(digit);
  }
  return true;
}

}  // namespace detail

namespace {

// Remembers where it is.
class pathfinder {
 public:
  bool null() { return value(); }
  bool boolean(bool) { return value(); }
  bool number(double) { return value(); }
  bool string(std::string_view) { return value(); }
  bool begin_array() {
    value();
    steps_.emplace_back(std::size_t{0});
    return true;
  }
  bool begin_object() {
    value();
    steps_.emplace_back(std::string{});
    return true;
  }
  void key(std::string_view text) { std::get<std::string>(steps_.back()) = text; }
  void end_array() { steps_.pop_back(); }
  void end_object() { steps_.pop_back(); }

  path take() && {
    value();
    return std::move(steps_);
  }

 private:
  bool value() {
    if (steps_.empty()) return true;
    if (auto* position = std::get_if<std::size_t>(&steps_.back())) ++*position;
    return true;
  }

  path steps_;
};

}  // namespace

path path_to(std::string_view text, std::size_t offset) {
  pathfinder finder;
  // It ends with an error, as the value is missing.
  static_cast<void>(read(text.substr(0, offset), finder));
  return std::move(finder).take();
}

}  // namespace emilua::bindings::json
