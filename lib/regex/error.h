// What goes wrong with regular expressions: the category "regex".
//
//   return std::error_code{regex::regex_errc::paren};
//
// The numbers are those that programs know from the C++ library, so they never change. Its 0, for
// unknown collating elements, is no error to std::error_code: they are `ctype` here.
#pragma once

#include <system_error>

namespace emilua::regex {

enum class regex_errc {
  ctype = 1,        // unknown [:class:], [.element.] or [=element=]
  escape = 2,       // \ before what it gives no meaning to, or at the end
  backref = 3,      // a group that is not there
  brack = 4,        // [ without ]
  paren = 5,        // ( without ), or the reverse; (?x that the grammar does not have
  brace = 6,        // { without }
  badbrace = 7,     // what is between { and } is no count, or counts down
  range = 8,        // [z-a], [\d-x]
  space = 9,        // larger than what can be compiled
  badrepeat = 10,   // nothing that could be repeated
  complexity = 11,  // matching takes more steps than are allowed
  stack = 12,       // nested too deeply, or matching takes more memory than is allowed
};

[[nodiscard]] const std::error_category& regex_category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(regex_errc code) noexcept {
  return {static_cast<int>(code), regex_category()};
}

}  // namespace emilua::regex

template <>
struct std::is_error_code_enum<emilua::regex::regex_errc> : std::true_type {};
