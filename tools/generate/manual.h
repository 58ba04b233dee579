// A tool's manual page, in the macros of man(7).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "tools/command_line/option_table.h"

namespace emilua::generate {

// `others` are the tools to see also.
[[nodiscard]] std::string manual_page(const tools::option_table& table,
                                      std::span<const std::string_view> others);

}  // namespace emilua::generate
