// The module `pipe`: pairs of pipe ends, and each end as a stream.
#pragma once

#include <lua.hpp>

namespace emilua::bindings {

void push_pipe(lua_State* L);

}  // namespace emilua::bindings
