// Records and fields of text, and Lua that runs for each: see lua/modules/scan.lua.
#pragma once

#include "tools/command_line/tool.h"

namespace emilua::scan {

extern const tools::tool tool;

}  // namespace emilua::scan
