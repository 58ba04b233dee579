// The engine's command line, as a value: tools/emilua reads it.
#pragma once

#include <string>
#include <vector>

namespace emilua::engine {

struct command_line {
  enum class action {
    run_file,     // `script`
    run_stdin,    // the script is read from standard input
    run_chunk,    // `script` is Lua text
    print,        // `text` on standard output, exit 0: --help, --version
    usage_error,  // `text` is one line for standard error, exit 2
  };

  action what = action::usage_error;
  std::string script;
  std::string text;
  std::vector<std::string> arguments;  // as system.arguments shows them
  bool test = false;                   // --test
  bool check = false;                  // --check
  bool single_threaded = false;        // --main-context-concurrency-hint 1
  std::string policy;                  // --policy: a file, or empty
};

using command_line_reader = command_line(int argc, char** argv);

}  // namespace emilua::engine
