#include "lib/bindings/pure/pure_modules.h"

#include "lib/bindings/byte_span/byte_span.h"
#include "lib/bindings/errors/errors.h"
#include "lib/bindings/filesystem/filesystem.h"
#include "lib/bindings/format/format.h"
#include "lib/bindings/json/json.h"
#include "lib/bindings/regex/regex.h"
#include "lib/bindings/stream/stream.h"

namespace emilua::bindings {
namespace {

constexpr named_module modules[] = {
    {"asio_error", push_asio_error},
    {"filesystem", push_filesystem},
    {"generic_error", push_generic_error},
    {"json", push_json},
    {"regex", push_regex},
    {"stream", push_stream},
};

constexpr named_module globals[] = {
    {"byte_span", push_byte_span},
    {"format", push_format},
};

int open(lua_State* L) {
  static_cast<const named_module*>(lua_touserdata(L, lua_upvalueindex(1)))->push(L);
  return 1;
}

}  // namespace

void preload(lua_State* L, std::span<const named_module> list) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  for (const named_module& m : list) {
    lua_pushlightuserdata(L, const_cast<named_module*>(&m));
    lua_pushcclosure(L, open, 1);
    lua_setfield(L, -2, m.name);
  }
  lua_pop(L, 2);
}

void add_pure_modules(lua_State* L) {
  preload(L, modules);
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "loaded");
  for (const named_module& m : globals) {
    m.push(L);
    lua_pushvalue(L, -1);
    lua_setglobal(L, m.name);
    lua_setfield(L, -2, m.name);
  }
  lua_pop(L, 2);
}

}  // namespace emilua::bindings
