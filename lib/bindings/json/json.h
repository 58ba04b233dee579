// The module `json`.
#pragma once

#include <lua.hpp>

namespace emilua::bindings {

void push_json(lua_State* L);

}  // namespace emilua::bindings
