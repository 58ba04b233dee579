// What JSON has and Lua has not: null, and tables that are arrays though they may be empty; and the
// writer as a class.
#pragma once

#include <lua.hpp>

#include "lib/bindings/json/writer.h"
#include "lib/lua/class.h"

namespace emilua::bindings::json {

// The constant `json.null`, one table for each VM.
void push_null(lua_State* L);

// The metatable by which arrays are known, one for each VM.
void push_array_tag(lua_State* L);

}  // namespace emilua::bindings::json

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::json::writer>();
