// Runs an init.script in namespaces, then a program. Lua, but no event loop: see lib/init.
#pragma once

#include "tools/command_line/tool.h"

namespace emilua::initexec {

extern const tools::tool tool;

}  // namespace emilua::initexec
