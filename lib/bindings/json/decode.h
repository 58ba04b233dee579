// `json.decode`: a text becomes Lua values.
#pragma once

#include <lua.hpp>

namespace emilua::bindings::json {

// decode(text) -> value
int decode(lua_State* L);

}  // namespace emilua::bindings::json
