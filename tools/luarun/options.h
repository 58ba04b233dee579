// The command line of luarun.
#pragma once

#include <boost/system/result.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tools/command_line/option_table.h"

namespace emilua::luarun {

struct step {
  enum class kind { module, chunk } what;
  std::string text;  // the module's name, or Lua
};

struct options {
  std::vector<step> steps;            // before the script, in this order
  std::optional<std::string> script;  // `-` is standard input
  std::vector<std::string> arguments;
  bool bytecode = false;  // of the script, to the only argument
};

[[nodiscard]] boost::system::result<options, tools::parse_end> parse_options(int argc, char** argv);
void describe(const std::function<void(const tools::option_table&)>& reader);

}  // namespace emilua::luarun
