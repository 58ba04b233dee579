// linux_capabilities, and the functions of `system` that are about capabilities.
#pragma once

#include <sys/types.h>

#include <lua.hpp>
#include <span>

#include "lib/lua/class.h"

namespace emilua::bindings {

// Pushes those of a process.
void push_capabilities_of(lua_State* L, pid_t process);

// Those of a file, by an open descriptor: pushes them, or gives it the ones at `index`. ENODATA: it
// has none.
void push_capabilities_of_file(lua_State* L, int fd);
void set_capabilities_of_file(lua_State* L, int fd, int index);

[[nodiscard]] std::span<const lua::class_method> capability_functions() noexcept;
// The SECBIT_* constants.
[[nodiscard]] std::span<const lua::class_property> securebit_constants() noexcept;

}  // namespace emilua::bindings
