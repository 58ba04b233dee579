// The core of `format`: fills in the replacement fields of a text, by the rules of the {fmt}
// library.
//
//   render("{0:>4}|{who}", {{.value = 7.0}, {.value = "me", .name = "who"}});  // "   7|me"
//
// A number that a signed 64-bit integer holds exactly is an integer to the field's specification,
// any other a double. A named argument has a position too; of equal names, the first counts.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace emilua::bindings {

struct format_argument {
  std::variant<bool, double, std::string_view> value;
  std::string_view name = {};  // empty: it has only its position
};

// The bytes that a result may have. A width or precision costs its author some digits, and whoever
// formats with it that much memory.
inline constexpr std::size_t max_rendered_size = std::size_t{64} << 20;

// Throws an exception derived from std::runtime_error when the text is malformed or asks for what
// the arguments are not, and when the result would be longer than max_rendered_size.
[[nodiscard]] std::string render(std::string_view text, std::span<const format_argument> arguments);

[[nodiscard]] inline std::string render(std::string_view text,
                                        std::initializer_list<format_argument> arguments) {
  return render(text, std::span{arguments.begin(), arguments.size()});
}

}  // namespace emilua::bindings
