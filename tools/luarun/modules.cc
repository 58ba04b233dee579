#include "tools/luarun/modules.h"

#include <algorithm>
#include <string_view>

#include "lib/bindings/byte_span/byte_span.h"
#include "lib/bindings/errors/errors.h"
#include "lib/bindings/filesystem/filesystem.h"
#include "lib/bindings/format/format.h"
#include "lib/bindings/json/json.h"
#include "lib/bindings/regex/regex.h"
#include "lib/bindings/stream/stream.h"
#include "lib/lua/class.h"
#include "tools/luarun/system.h"

namespace emilua::luarun {
namespace {

struct module {
  const char* name;
  void (*push)(lua_State* L);
};

constexpr module modules[] = {
    {"asio_error", bindings::push_asio_error},
    {"filesystem", bindings::push_filesystem},
    {"generic_error", bindings::push_generic_error},
    {"json", bindings::push_json},
    {"regex", bindings::push_regex},
    {"stream", bindings::push_stream},
    {"system", push_system},
};

// Global, too.
constexpr module globals[] = {
    {"byte_span", bindings::push_byte_span},
    {"format", bindings::push_format},
};

// The engine's others.
constexpr std::string_view elsewhere[] = {
    "condition_variable", "file",    "future",      "inbox", "ip",  "mutex", "pipe",
    "recursive_mutex",    "sandbox", "serial_port", "time",  "tls", "unix",
};

int open(lua_State* L) {
  static_cast<const module*>(lua_touserdata(L, lua_upvalueindex(1)))->push(L);
  return 1;
}

// The last of package.loaders: a file of that name would have been found.
int explain(lua_State* L) {
  const std::string_view name = lua::to_text(L, 1);
  if (std::ranges::find(elsewhere, name) == std::end(elsewhere)) return 0;
  return luaL_error(L, "module '%s' needs an event loop or actors: run this with emilua",
                    name.data());
}

void push_opener(lua_State* L, const module& m) {
  lua_pushlightuserdata(L, const_cast<module*>(&m));
  lua_pushcclosure(L, open, 1);
}

}  // namespace

void add_modules(lua_State* L) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  for (const module& m : modules) {
    push_opener(L, m);
    lua_setfield(L, -2, m.name);
  }
  lua_getfield(L, -2, "loaders");
  lua_pushcfunction(L, explain);
  lua_rawseti(L, -2, static_cast<int>(lua_objlen(L, -2)) + 1);
  lua_pop(L, 2);
  lua_getfield(L, -1, "loaded");
  for (const module& m : globals) {
    m.push(L);
    lua_pushvalue(L, -1);
    lua_setglobal(L, m.name);
    lua_setfield(L, -2, m.name);
  }
  lua_pop(L, 2);
}

}  // namespace emilua::luarun
