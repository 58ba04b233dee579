// Runs a script or a program in the namespaces of a running container, from outside of it.
#pragma once

#include "tools/command_line/tool.h"

namespace emilua::jailattach {

extern const tools::tool tool;

}  // namespace emilua::jailattach
