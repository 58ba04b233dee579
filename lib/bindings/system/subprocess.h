// system.spawn and its results.
#pragma once

#include <memory>
#include <span>

#include "lib/bindings/system/child_process.h"
#include "lib/lua/class.h"

namespace emilua::bindings {

[[nodiscard]] std::span<const lua::class_method> spawn_functions() noexcept;

// Pushes a subprocess that has no process yet: the caller lets the result adopt one. All that takes
// memory comes before the process, which then always has an owner.
[[nodiscard]] child_process& push_subprocess(lua_State* L, int signal_on_gcreaper);

}  // namespace emilua::bindings
