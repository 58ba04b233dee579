// The names that an engine gives to its programs.
#pragma once

#include <lua.hpp>
#include <span>
#include <string>
#include <string_view>

namespace emilua::fiber {

// A name that programs reach by `require`, and the function that pushes its value (called once per
// VM and name); null for a module that this engine has not got, whose name is nobody else's.
struct builtin_module {
  std::string_view name;
  void (*push)(lua_State* L);
};

// A global function or value. It is pushed before the state belongs to a VM (fresh_state.h).
struct builtin_global {
  const char* name;
  void (*push)(lua_State* L);
};

struct builtins {
  std::span<const builtin_module> modules;
  std::span<const builtin_global> globals;
  // What `require` gives for a `.ttl` file: pushes it and returns true, or the error to raise and
  // false.
  bool (*push_category)(lua_State* L, const std::string& path, std::string_view source);
  // What `require(id)` gives for the shared library of a native plugin: pushes it, or raises.
  void (*push_plugin)(lua_State* L, const std::string& path, std::string_view id);
};

}  // namespace emilua::fiber
