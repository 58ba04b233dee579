// The engine's modules that need no event loop and nothing of the system.
#pragma once

#include <lua.hpp>

namespace emilua::jailattach {

// For require: byte_span, which is a global, too, json and regex. Nothing else is
// found, unless the script sets package.path.
void add_modules(lua_State* L);

}  // namespace emilua::jailattach
