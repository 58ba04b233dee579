// The engine's modules that need no event loop and no actors, for tools whose Lua has neither.
//
//   luaL_openlibs(L);
//   bindings::add_pure_modules(L);      // require 'json', byte_span, format, …
#pragma once

#include <lua.hpp>
#include <span>

namespace emilua::bindings {

struct named_module {
  const char* name;
  void (*push)(lua_State* L);
};

// For require, which opens each when it is first asked for.
void preload(lua_State* L, std::span<const named_module> list);

// asio_error, filesystem, generic_error, json, regex and stream, and as globals, too, byte_span and
// format. The state has the standard libraries.
void add_pure_modules(lua_State* L);

}  // namespace emilua::bindings
