// A plugin as one would write it: a module with one function.
#include <cstdint>

#include "lib/engine/plugin.h"

namespace {

// checksum(text: string) -> integer: Adler-32 (RFC 1950).
int checksum(lua_State* L) {
  size_t size = 0;
  const char* text = lua_tolstring(L, 1, &size);
  if (text == nullptr) {
    lua_pushliteral(L, "string expected");
    return lua_error(L);
  }
  std::uint32_t a = 1, b = 0;
  for (size_t i = 0; i < size; ++i) {
    a = (a + static_cast<unsigned char>(text[i])) % 65521;
    b = (b + a) % 65521;
  }
  lua_pushnumber(L, b * 65536.0 + a);
  return 1;
}

int open_module(lua_State* L) {
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, checksum);
  lua_setfield(L, -2, "checksum");
  return 0;
}

}  // namespace

const emilua_plugin EMILUA_PLUGIN = {
    .init_process = nullptr, .init_event_loop = nullptr, .open_vm = open_module};
