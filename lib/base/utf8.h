// UTF-8, strictly: shortest forms, no surrogates, nothing above U+10FFFF.
//
//   if (utf8_prefix(text) != text.size()) …               // else:
//   code_point c = first_code_point(text.substr(i));
//
// Nothing here fails, and only append_utf8 allocates.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace emilua::base {

struct code_point {
  char32_t value;
  std::size_t size;  // in bytes
};

// How many bytes are well-formed.
[[nodiscard]] std::size_t utf8_prefix(std::string_view text) noexcept;

// The size of the well-formed sequence at the beginning, 1 to 4; 0 if there is none.
[[nodiscard]] std::size_t utf8_sequence(std::string_view text) noexcept;

// Of text that is UTF-8; {0, 0} if it is empty.
[[nodiscard]] code_point first_code_point(std::string_view text) noexcept;

[[nodiscard]] constexpr bool is_scalar_value(char32_t c) noexcept {
  return c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
}

// `c` must be a scalar value.
void append_utf8(std::string& to, char32_t c);

// -1 for what is no hexadecimal digit.
[[nodiscard]] constexpr int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace emilua::base
