// Sends, receives and pairs descriptors between programs. No Lua, no event loop.
#pragma once

#include "tools/command_line/tool.h"

namespace emilua::fdpass {

extern const tools::tool tool;

}  // namespace emilua::fdpass
