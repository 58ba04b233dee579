// The module `stream`: whole reads and writes over anything with read_some or write_some.
#pragma once

#include <lua.hpp>

namespace emilua::bindings {

void push_stream(lua_State* L);

// check_span(value, position), for functions written in Lua: EINVAL with arg = position unless the
// value is a byte_span.
int check_span(lua_State* L);

}  // namespace emilua::bindings
