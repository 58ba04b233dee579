// system.spawn and its results.
#pragma once

#include <span>

#include "lib/lua/class.h"

namespace emilua::bindings {

[[nodiscard]] std::span<const lua::class_method> spawn_functions() noexcept;

}  // namespace emilua::bindings
