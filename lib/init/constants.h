// The integers of the table `C`, by name: those of the C headers. A new one is a line in the table
// of constants.cc; a name that the platform lacks is left out, so that scripts see `key not found`.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace emilua::init {

struct constant {
  std::string_view name;
  std::int64_t value;
};

// Sorted by name.
[[nodiscard]] std::span<const constant> c_constants() noexcept;

// nullptr: no such constant.
[[nodiscard]] const constant* find_c_constant(std::string_view name) noexcept;

}  // namespace emilua::init
