// What is in brackets: the sets of bytes that [:class:], [.element.] and [=element=] name in the
// classic locale.
#pragma once

#include <bitset>
#include <optional>
#include <string_view>

namespace emilua::regex {

// By the names of POSIX (alpha, xdigit …) and C++ (d, s, w).
[[nodiscard]] std::optional<std::bitset<256>> character_class(std::string_view name);

// A single byte is its own name; others are those of the portable character set ("hyphen").
[[nodiscard]] std::optional<unsigned char> collating_element(std::string_view name);

}  // namespace emilua::regex
