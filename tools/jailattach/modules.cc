#include "tools/jailattach/modules.h"

#include "lib/bindings/byte_span/byte_span.h"
#include "lib/bindings/json/json.h"
#include "lib/bindings/regex/regex.h"
#include "lib/lua/state.h"

namespace emilua::jailattach {
namespace {

template <void (*Push)(lua_State*)>
int open(lua_State* L) {
  Push(L);
  return 1;
}

constexpr luaL_Reg modules[] = {
    {"json", open<bindings::push_json>},
    {"regex", open<bindings::push_regex>},
};

}  // namespace

void add_modules(lua_State* L) {
  lua::translate_exceptions(L);
  lua_getglobal(L, "package");
  // Inside, a file is the container's.
  for (const char* path : {"path", "cpath"}) {
    lua_pushliteral(L, "");
    lua_setfield(L, -2, path);
  }
  lua_getfield(L, -1, "preload");
  for (const luaL_Reg& m : modules) {
    lua_pushcfunction(L, m.func);
    lua_setfield(L, -2, m.name);
  }
  lua_getfield(L, -2, "loaded");
  bindings::push_byte_span(L);
  lua_pushvalue(L, -1);
  lua_setglobal(L, "byte_span");
  lua_setfield(L, -2, "byte_span");
  lua_pop(L, 3);
}

}  // namespace emilua::jailattach
