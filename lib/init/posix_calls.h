// The functions of the table `C`, by name. A new one is an entry in the table of posix_calls.cc:
//
//   direct<"mkfifo", ::mkfifo>(),      // paths and 32-bit values in; -1 and errno out
//   {"mknod", c_mknod},                // anything else
#pragma once

#include <lua.hpp>
#include <span>
#include <string_view>

#include "lib/init/call.h"

namespace emilua::init {

// Sorted by name.
[[nodiscard]] std::span<const function> c_functions() noexcept;

// nullptr: no such function.
[[nodiscard]] lua_CFunction find_c_function(std::string_view name) noexcept;

}  // namespace emilua::init
