// What `require` finds in luarun besides files: the engine's modules that need no event loop, each
// opened when it is first asked for.
#pragma once

#include <lua.hpp>

namespace emilua::luarun {

// The state has the standard libraries. Sets the globals `byte_span` and `format`, too.
void add_modules(lua_State* L);

}  // namespace emilua::luarun
