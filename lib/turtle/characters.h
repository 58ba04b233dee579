// UTF-8 and the character classes of the Turtle grammar
// (https://www.w3.org/TR/turtle/#sec-grammar).
//
//   if (utf8_prefix(text) != text.size()) …               // else:
//   code_point c = first_code_point(text.substr(i));
//   if (is_name_start(c.value)) i += c.size;
//
// Nothing here allocates or fails.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace emilua::turtle {

struct code_point {
  char32_t value;
  std::size_t size;  // in bytes
};

// How many bytes are well-formed UTF-8: shortest forms, no surrogates, nothing above U+10FFFF.
[[nodiscard]] std::size_t utf8_prefix(std::string_view text) noexcept;

// Of text that is UTF-8; {0, 0} if it is empty.
[[nodiscard]] code_point first_code_point(std::string_view text) noexcept;

[[nodiscard]] constexpr bool is_scalar_value(char32_t c) noexcept {
  return c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
}

// `c` must be a scalar value.
void append_utf8(std::string& to, char32_t c);

[[nodiscard]] constexpr bool is_digit(char32_t c) noexcept { return c >= '0' && c <= '9'; }

[[nodiscard]] constexpr bool is_letter(char32_t c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// -1 for what is no hexadecimal digit.
[[nodiscard]] constexpr int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

[[nodiscard]] bool is_name_start(char32_t c) noexcept;   // PN_CHARS_BASE
[[nodiscard]] bool is_name_char(char32_t c) noexcept;    // PN_CHARS, which has _ and digits too
[[nodiscard]] bool is_label_start(char32_t c) noexcept;  // PN_CHARS_U or a digit

}  // namespace emilua::turtle
