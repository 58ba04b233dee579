// The character classes of the Turtle grammar (https://www.w3.org/TR/turtle/#sec-grammar).
//
//   code_point c = first_code_point(text.substr(i));
//   if (is_name_start(c.value)) i += c.size;
//
// Nothing here allocates or fails.
#pragma once

#include "lib/base/utf8.h"

namespace emilua::turtle {

using base::append_utf8;
using base::code_point;
using base::first_code_point;
using base::hex_value;
using base::is_scalar_value;
using base::utf8_prefix;

[[nodiscard]] constexpr bool is_digit(char32_t c) noexcept { return c >= '0' && c <= '9'; }

[[nodiscard]] constexpr bool is_letter(char32_t c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

[[nodiscard]] bool is_name_start(char32_t c) noexcept;   // PN_CHARS_BASE
[[nodiscard]] bool is_name_char(char32_t c) noexcept;    // PN_CHARS, which has _ and digits too
[[nodiscard]] bool is_label_start(char32_t c) noexcept;  // PN_CHARS_U or a digit

}  // namespace emilua::turtle
