#include "lib/bindings/json/writer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>

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

// 1e-07 becomes 1e-7.
char* shorten_exponent(char* first, char* last) {
  char* e = std::find(first, last, 'e');
  if (last - e < 4 || e[2] != '0') return last;
  return std::copy(e + 3, last, e + 2);
}

char* write_real(char* first, double value) {
  char* end = first + number_size;
  // Without exponent it would be an integer, of more than 64 bits.
  const bool large = std::abs(value) >= 0x1p63;
  const auto result = large ? std::to_chars(first, end, value, std::chars_format::scientific)
                            : std::to_chars(first, end, value);
  return shorten_exponent(first, result.ptr);
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
