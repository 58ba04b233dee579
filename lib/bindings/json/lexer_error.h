// "trial.protocol.json": what is wrong with a JSON text. The name is that of 0.6, as are the
// numbers: programs see them.
#pragma once

#include <system_error>

namespace emilua::bindings::json {

enum class lexer_errc {
  unexpected_token = 1,
  invalid_key = 2,
  invalid_value = 3,
  incompatible_type = 4,
  unbalanced_end_array = 5,
  unbalanced_end_object = 6,
  expected_end_array = 7,
  expected_end_object = 8,
  insufficient_tokens = 9,
};

[[nodiscard]] const std::error_category& lexer_category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(lexer_errc code) noexcept {
  return {static_cast<int>(code), lexer_category()};
}

}  // namespace emilua::bindings::json

template <>
struct std::is_error_code_enum<emilua::bindings::json::lexer_errc> : std::true_type {};
