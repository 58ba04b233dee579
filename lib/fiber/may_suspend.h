// Whether the running fiber may suspend, for what does so where it may and else blocks for a
// moment.
//
//   if (!may_suspend(L)) return wait_here(L);
//   return await(L, …);
#pragma once

#include <lua.hpp>

namespace emilua::fiber {

// vm::check_suspension() would not raise.
[[nodiscard]] bool may_suspend(lua_State* L) noexcept;

}  // namespace emilua::fiber
