// The class filesystem.path, as far as the module loader needs it: `_FILE` is one.
#pragma once

#include <lua.hpp>
#include <string>
#include <string_view>

#include "lib/lua/class.h"

namespace emilua::fiber {

// A path as the host has it: bytes, not normalised.
struct path {
  std::string native;
};

void push_path(lua_State* L, std::string_view native);

// Null when the value is no path.
[[nodiscard]] const std::string* to_path(lua_State* L, int index) noexcept;

// Pushes the class itself, filesystem.path.
void push_path_class(lua_State* L);

}  // namespace emilua::fiber

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::fiber::path>();
