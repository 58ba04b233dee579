// The functions of `system` about ids, groups, sessions and signals to processes.
#pragma once

#include <span>

#include "lib/lua/class.h"

namespace emilua::bindings {

[[nodiscard]] std::span<const lua::class_method> identity_functions() noexcept;

}  // namespace emilua::bindings
