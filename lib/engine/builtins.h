// All names that the engine gives to programs, in one place.
#pragma once

#include "lib/fiber/vm.h"

namespace emilua::engine {

[[nodiscard]] fiber::builtins builtin_names() noexcept;

}  // namespace emilua::engine
