// Runs an unmodified program under a policy. No Lua, no event loop: see lib/sandbox.
#pragma once

#include "tools/command_line/tool.h"

namespace emilua::confine {

extern const tools::tool tool;

}  // namespace emilua::confine
