// The global function `format`: text with replacement fields, filled in by the rules of {fmt}.
#pragma once

#include <lua.hpp>

namespace emilua::bindings {

void push_format(lua_State* L);

}  // namespace emilua::bindings
