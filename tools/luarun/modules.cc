#include "tools/luarun/modules.h"

#include <algorithm>
#include <string_view>

#include "lib/bindings/pure/pure_modules.h"
#include "lib/lua/class.h"
#include "tools/luarun/system.h"

namespace emilua::luarun {
namespace {

constexpr bindings::named_module modules[] = {{"system", push_system}};

// The engine's others.
constexpr std::string_view elsewhere[] = {
    "condition_variable", "file",    "future",      "inbox", "ip",  "mutex", "pipe",
    "recursive_mutex",    "sandbox", "serial_port", "time",  "tls", "unix",
};

// The last of package.loaders: a file of that name would have been found.
int explain(lua_State* L) {
  const std::string_view name = lua::to_text(L, 1);
  if (std::ranges::find(elsewhere, name) == std::end(elsewhere)) return 0;
  return luaL_error(L, "module '%s' needs an event loop or actors: run this with emilua",
                    name.data());
}

}  // namespace

void add_modules(lua_State* L) {
  bindings::add_pure_modules(L);
  bindings::preload(L, modules);
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "loaders");
  lua_pushcfunction(L, explain);
  lua_rawseti(L, -2, static_cast<int>(lua_objlen(L, -2)) + 1);
  lua_pop(L, 2);
}

}  // namespace emilua::luarun
