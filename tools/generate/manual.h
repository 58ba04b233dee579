// A tool's manual page, in the macros of man(7).
#pragma once

#include <string>

#include "tools/command_line/option_table.h"

namespace emilua::generate {

[[nodiscard]] std::string manual_page(const tools::option_table& table);

}  // namespace emilua::generate
