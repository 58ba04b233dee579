// The module `serial_port`: terminals and what is behind serial lines, as streams.
#pragma once

#include <lua.hpp>

namespace emilua::bindings {

void push_serial_port(lua_State* L);

}  // namespace emilua::bindings
