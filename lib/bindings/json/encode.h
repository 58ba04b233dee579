// The part of `json.encode` that is not Lua: writes a value until it meets one with a `__tojson` of
// its own. That is called by lua/modules/json.lua, so that it may suspend, and then the rest
// written.
//
//   local hook, object, around, walk = begin(writer, visited, value, shared)
//   while hook ~= nil do
//       hook(object, state)
//       hook, object = resume(writer, visited, around, walk)
//   end
//
// While a hook runs, the tables around its object, and the object itself, are keys of `visited`.
// `shared` says that there may be others at the beginning. `around` and `walk` are for resume
// alone. Wrong writers and tables are EINVAL with arg = "state".
#pragma once

#include <lua.hpp>

namespace emilua::bindings::json {

int begin_encoding(lua_State* L);
int resume_encoding(lua_State* L);

}  // namespace emilua::bindings::json
