// The modules `generic_error` and `asio_error`: error codes by name.
#pragma once

#include <lua.hpp>

namespace emilua::bindings {

void push_generic_error(lua_State* L);
void push_asio_error(lua_State* L);

}  // namespace emilua::bindings
