// A tool as the others see it: the engine, of which it is a command, and those who make manual
// pages and completions.
//
//   // tools/fdpass/fdpass.h
//   extern const tools::tool tool;
#pragma once

#include <functional>
#include <string_view>

#include "tools/command_line/option_table.h"

namespace emilua::tools {

struct tool {
  std::string_view name;
  // As main(): argv[0] is the name by which it was called.
  int (*run)(int argc, char** argv, char** envp);
  // Shows the option table, which is there for the time of the call.
  void (*describe)(const std::function<void(const option_table&)>& reader);
};

}  // namespace emilua::tools
