// A Lua state for programs without fibers (those of fibers are lib/fiber's).
//
//   const lua::state L = lua::new_state();       // null without memory
//   luaL_openlibs(L.get());
//
// C++ exceptions derived from std::exception that leave a C function become string errors. Where
// memory cannot be made executable, Lua is interpreted instead of ending the process with the first
// trace.
#pragma once

#include <lua.hpp>
#include <memory>

namespace emilua::lua {

struct close_state {
  void operator()(lua_State* L) const noexcept { lua_close(L); }
};
using state = std::unique_ptr<lua_State, close_state>;

[[nodiscard]] state new_state();

// For a state that was made otherwise.
void translate_exceptions(lua_State* L);

}  // namespace emilua::lua
