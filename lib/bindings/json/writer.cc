#include "lib/bindings/json/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <iterator>

#include "lib/base/utf8.h"
#include "lib/bindings/json/plain_text.h"

namespace emilua::bindings::json {
namespace {

// Enough for every double and every 64-bit integer.
constexpr std::size_t number_size = 32;

char* write_integer(char* first, double value) {
  if (value == 0 && std::signbit(value)) *first++ = '-';
  return std::to_chars(first, first + number_size - 1, static_cast<std::int64_t>(value)).ptr;
}

// The digits of the shortest number that reads back as `value`, without zeros at the end, and the
// power of ten that the first one stands for. By fmt's Dragonbox: libstdc++ has 130 KB for this.
struct decimal {
  char digits[24];
  int count;
  int exponent;
};

decimal shortest(double value) {
  const auto [significand, exponent] = fmt::detail::dragonbox::to_decimal(value);
  decimal result;
  const char* end = std::to_chars(result.digits, std::end(result.digits), significand).ptr;
  const auto count = static_cast<int>(end - result.digits);
  result.exponent = exponent + count - 1;
  result.count = count;
  while (result.count > 1 && result.digits[result.count - 1] == '0') --result.count;
  return result;
}

char* copy(const char* digits, int count, char* to) { return std::copy_n(digits, count, to); }

char* write_scientific(char* to, const decimal& number) {
  *to++ = number.digits[0];
  if (number.count > 1) {
    *to++ = '.';
    to = copy(number.digits + 1, number.count - 1, to);
  }
  *to++ = 'e';
  if (number.exponent > 0) *to++ = '+';
  return std::to_chars(to, to + 4, number.exponent).ptr;
}

char* write_fixed(char* to, const decimal& number) {
  if (number.exponent < 0) {
    to = copy("0.", 2, to);
    to = std::fill_n(to, -1 - number.exponent, '0');
    return copy(number.digits, number.count, to);
  }
  const int before_point = std::min(number.count, number.exponent + 1);
  to = copy(number.digits, before_point, to);
  *to++ = '.';
  return copy(number.digits + before_point, number.count - before_point, to);
}

// No integer of 64 bits: so there are digits behind the point, or many before it.
char* write_real(char* to, double value) {
  if (value < 0) *to++ = '-';
  const decimal number = shortest(std::abs(value));
  // Two digits of an exponent are counted, though 1e-07 is written as 1e-7.
  const int scientific =
      number.count + (number.count > 1 ? 1 : 0) + 2 + (std::abs(number.exponent) < 100 ? 2 : 3);
  const int fixed = number.exponent < 0 ? number.count + 1 - number.exponent : number.count + 1;
  const bool large = std::abs(value) >= 0x1p63;
  return large || scientific < fixed ? write_scientific(to, number) : write_fixed(to, number);
}

// What follows the backslash in the short form of an escape; 0 if there is none.
char short_escape(char c) {
  switch (c) {
    case '"':
    case '\\':
      return c;
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return 0;
  }
}

void append_escape(text_buffer& to, char c) {
  to.append('\\');
  if (const char name = short_escape(c)) {
    to.append(name);
    return;
  }
  constexpr std::string_view digits = "0123456789abcdef";
  to.append("u00");
  to.append(digits[static_cast<unsigned char>(c) >> 4]);
  to.append(digits[static_cast<unsigned char>(c) & 15]);
}

// Appends from `p` on, where something is not plain, to `end`.
void append_escaped(text_buffer& to, const char* p, const char* end) {
  while (p != end) {
    if (static_cast<unsigned char>(*p) < 0x80) {
      append_escape(to, *p++);
    } else {
      const std::size_t size =
          base::utf8_sequence({p, std::min<std::size_t>(4, static_cast<std::size_t>(end - p))});
      to.append(size == 0 ? std::string_view{"?"} : std::string_view{p, size});
      p += std::max<std::size_t>(size, 1);
    }
    const char* run = p;
    p = skip_plain(p, end);
    to.append({run, static_cast<std::size_t>(p - run)});
  }
}

}  // namespace

void writer::null() {
  separate();
  text_.append("null");
}

void writer::boolean(bool value) {
  separate();
  text_.append(value ? std::string_view{"true"} : std::string_view{"false"});
}

void writer::number(double value) {
  if (!std::isfinite(value)) return null();
  separate();
  char* digits = text_.room(number_size);
  const bool integer = value >= -0x1p63 && value < 0x1p63 && value == std::trunc(value);
  text_.end_at(integer ? write_integer(digits, value) : write_real(digits, value));
}

void writer::string(std::string_view text) {
  separate();
  const char* end = text.data() + text.size();
  const char* special = skip_plain(text.data(), end);
  const auto plain = static_cast<std::size_t>(special - text.data());
  char* p = text_.room(plain + 2);
  *p++ = '"';
  p = std::copy_n(text.data(), plain, p);
  text_.end_at(p);
  if (special != end) append_escaped(text_, special, end);
  text_.append('"');
}

void writer::begin(bool object) {
  separate();
  text_.append(object ? '{' : '[');
  containers_.push_back({.object = object});
}

bool writer::end(bool object) {
  if (level() == 0 || containers_.back().object != object) return false;
  if (!containers_.back().empty && !indent_.empty()) begin_line(level() - 1);
  text_.append(object ? '}' : ']');
  containers_.pop_back();
  return true;
}

void writer::separate() {
  container& c = containers_.back();
  if (c.has_key) {
    text_.append(indent_.empty() ? std::string_view{":"} : std::string_view{": "});
    c.has_key = false;
    return;
  }
  if (!c.empty) text_.append(',');
  if (level() != 0 && !indent_.empty()) begin_line(level());
  c.empty = false;
  c.has_key = c.object;
}

void writer::begin_line(std::size_t level) {
  text_.append('\n');
  for (; level != 0; --level) text_.append(indent_);
}

}  // namespace emilua::bindings::json
