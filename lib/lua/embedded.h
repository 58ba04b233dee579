// Lua that was compiled to bytecode at build time and lives in the executable (see
// //lua:lua_library.bzl for the rule that makes such tables).
#pragma once

#include <lua.hpp>
#include <span>
#include <string_view>

namespace emilua::lua {

struct embedded_module {
  std::string_view name;
  std::string_view bytecode;
};

// Pushes the chunk called `name` as a function. The module must exist: a wrong name is a bug in the
// build, and raises a string error.
void push_embedded(lua_State* L, std::span<const embedded_module> modules, std::string_view name);

}  // namespace emilua::lua
