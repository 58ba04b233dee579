// Runs the Lua of scan's command line over the records of some files.
#pragma once

#include <string>

#include "tools/scan/input.h"
#include "tools/scan/output.h"

namespace emilua::scan {

// The exit status; what has failed is reported.
[[nodiscard]] int run_program(const std::string& source, input& in, output& out);

}  // namespace emilua::scan
