// confine's command line, as a value.
//
//   auto options = parse_options(argc, argv);
//   if (!options) … options.error().text, exit with options.error().status …
#pragma once

#include <boost/system/result.hpp>
#include <functional>
#include <string>
#include <vector>

#include "lib/sandbox/policy.h"
#include "tools/command_line/option_table.h"

namespace emilua::confine {

struct options {
  sandbox::policy policy;
  std::vector<std::string> program;  // its name and its arguments; empty for `doctor`
  bool explain = false;              // print the plan, run nothing
  bool doctor = false;
  bool json = false;    // of doctor and explain
  bool report = false;  // --report=json: what is enforced, on standard error
  int status_fd = -1;
  bool pty = false;  // the program gets a terminal of its own, relayed to ours
};

// Help and version have status 0 and go to standard output; faults have 125, as everything that
// keeps the program from being started.
struct early_end {
  int status;
  std::string text;
};

// The option table, for the time of the call.
void describe(const std::function<void(const tools::option_table&)>& reader);

[[nodiscard]] boost::system::result<options, early_end> parse_options(int argc, char** argv);

}  // namespace emilua::confine
