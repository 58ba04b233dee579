// The command line of scan.
#pragma once

#include <boost/system/result.hpp>
#include <functional>
#include <string>
#include <vector>

#include "tools/command_line/option_table.h"
#include "tools/scan/fields.h"
#include "tools/scan/input.h"
#include "tools/scan/output.h"

namespace emilua::scan {

struct options {
  settings how;
  style out = style::plain;
  std::string out_separator;
  std::vector<field_range> fields;  // if it is empty,
  std::string program;              // this is there
  std::vector<std::string> files;
};

[[nodiscard]] boost::system::result<options, tools::parse_end> parse_options(int argc, char** argv);
void describe(const std::function<void(const tools::option_table&)>& reader);

}  // namespace emilua::scan
