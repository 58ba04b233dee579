#include "lib/lua/embedded.h"

#include <string>

namespace emilua::lua {

void push_embedded(lua_State* L, std::span<const embedded_module> modules, std::string_view name) {
  for (const embedded_module& module : modules) {
    if (module.name != name) continue;
    // "=" keeps the name as it is in tracebacks.
    if (luaL_loadbuffer(L, module.bytecode.data(), module.bytecode.size(), "=emilua") != 0)
      lua_error(L);
    return;
  }
  luaL_error(L, "no embedded module of this name");
}

}  // namespace emilua::lua
