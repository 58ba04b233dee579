// LuaJIT with the modules that need neither an event loop nor actors.
#pragma once

#include "tools/command_line/tool.h"

namespace emilua::luarun {

extern const tools::tool tool;

}  // namespace emilua::luarun
