// What every tool does first, and how it speaks.
//
//   if (!tools::start("fdpass")) return tools::failure;
//   auto line = table.parse(tools::words(argc, argv));
//   if (!line) return tools::finish("fdpass", line.error());
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tools/command_line/option_table.h"

namespace emilua::tools {

enum status : int { failure = 1, wrong_usage = 2, not_executable = 126, not_found = 127 };

// What ends a tool before its work is done: thrown, and reported by its main function.
struct refusal {
  int status;
  std::string what;
};

// False, and said why on standard error: the process has the rights of another user (set-uid,
// set-gid or file capabilities), or the standard streams that it was started without cannot be
// replaced.
[[nodiscard]] bool start(const char* tool);

[[nodiscard]] std::vector<std::string> words(int argc, char** argv);

// One line on standard error, behind the tool's name. Control characters, which may come from
// anywhere, are written as \xNN.
void complain(const char* tool, std::string_view what);

// Of std::bad_alloc.
void complain_of_memory(const char* tool);

// All of the text on standard output. Status 1, and a complaint, if that is closed or full; a
// reader that has gone does not end the process by SIGPIPE.
[[nodiscard]] int print(const char* tool, std::string_view text);

// Help or version on standard output, or a complaint and status 2.
[[nodiscard]] int finish(const char* tool, const parse_end& end);

}  // namespace emilua::tools
