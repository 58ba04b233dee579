// The engine's command line, read into a value.
//
//   engine::command_line line = parse_options(argc, argv);
//
// Options come before the script; all that follows it belongs to the script. Nothing is printed
// here.
#pragma once

#include <functional>

#include "lib/engine/command_line.h"
#include "tools/command_line/option_table.h"

namespace emilua::command {

[[nodiscard]] engine::command_line parse_options(int argc, char** argv);

// The option table, for the time of the call.
void describe(const std::function<void(const tools::option_table&)>& reader);

}  // namespace emilua::command
