// What shells need to complete a tool's command line: its options and commands; file names where a
// value or an argument may be one.
#pragma once

#include <string>

#include "tools/command_line/option_table.h"

namespace emilua::generate {

[[nodiscard]] std::string bash_completion(const tools::option_table& table);
[[nodiscard]] std::string zsh_completion(const tools::option_table& table);
[[nodiscard]] std::string fish_completion(const tools::option_table& table);

}  // namespace emilua::generate
