// "emilua.json.dom": values that have no place in a message or in a JSON text, or the other way
// round. The category belongs to `json`; messages between actors share it for cycles.
#pragma once

#include <system_error>

namespace emilua::bindings {

enum class dom_errc {
  result_out_of_range = 1,
  too_many_levels = 2,
  array_too_long = 3,
  cycle_exists = 4,
};

[[nodiscard]] const std::error_category& dom_category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(dom_errc code) noexcept {
  return {static_cast<int>(code), dom_category()};
}

}  // namespace emilua::bindings

template <>
struct std::is_error_code_enum<emilua::bindings::dom_errc> : std::true_type {};
