// A tool's manual page, in the macros of man(7).
#pragma once

#include <string>
#include <string_view>

#include "tools/command_line/option_table.h"

namespace emilua::generate {

[[nodiscard]] std::string manual_page(const tools::option_table& table);

// Of a program that has no such table.
[[nodiscard]] std::string page_of_help(std::string_view name, std::string_view summary,
                                       std::string_view help);

}  // namespace emilua::generate
