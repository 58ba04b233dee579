// The values of options, checked: what is wrong with one is a misuse that names the option.
//
//   table.add({"--count", "N", "…", [&](const std::string& v) { count = number("--count", v, 253);
//   }});
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "lib/sandbox/namespaces.h"

namespace emilua::tools {

// Decimal digits, up to `most`.
[[nodiscard]] std::uint64_t number(const std::string& option, const std::string& text,
                                   std::uint64_t most);

// A number of a descriptor that is open.
[[nodiscard]] int open_descriptor(const std::string& option, const std::string& text);

// Seconds, with a fraction if need be; from 0 to a year.
[[nodiscard]] std::chrono::nanoseconds seconds(const std::string& option, const std::string& text);

// "a,b" is a and b; an empty text is one empty part.
[[nodiscard]] std::vector<std::string> split(const std::string& text, char separator);

// "net" is CLONE_NEWNET.
[[nodiscard]] sandbox::namespace_set namespace_kind(const std::string& option,
                                                    const std::string& text);

[[noreturn]] void refuse(const std::string& option, const std::string& text,
                         const std::string& what);

}  // namespace emilua::tools
