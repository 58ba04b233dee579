#include "tools/jailattach/modules.h"

#include "lib/bindings/pure/pure_modules.h"
#include "lib/lua/state.h"

namespace emilua::jailattach {

void add_modules(lua_State* L) {
  lua::translate_exceptions(L);
  lua_getglobal(L, "package");
  // Inside, a file is the container's.
  for (const char* path : {"path", "cpath"}) {
    lua_pushliteral(L, "");
    lua_setfield(L, -2, path);
  }
  lua_pop(L, 1);
  bindings::add_pure_modules(L);
}

}  // namespace emilua::jailattach
