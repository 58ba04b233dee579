// The engine's modules that need no event loop. What they do to files they do in the container.
#pragma once

#include <lua.hpp>

namespace emilua::jailattach {

// For require: those of lib/bindings/pure. Nothing else is found, unless the script sets
// package.path.
void add_modules(lua_State* L);

}  // namespace emilua::jailattach
