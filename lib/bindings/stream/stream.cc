#include "lib/bindings/stream/stream.h"

#include <span>

#include "lib/bindings/byte_span/byte_span.h"
#include "lib/bindings/regex/regex.h"
#include "lib/bindings/stream/scanner.h"
#include "lib/lua/embedded.h"
#include "lib/lua/error.h"

namespace emilua::bindings {

extern const std::span<const lua::embedded_module> stream_modules;

int check_span(lua_State* L) {
  if (lua::to<byte_span>(L, 1) == nullptr)
    lua::raise_argument(L, static_cast<int>(luaL_checkinteger(L, 2)));
  return 0;
}

void push_stream(lua_State* L) {
  lua::push_embedded(L, stream_modules, "stream");
  push_byte_span(L);
  lua_pushcfunction(L, check_span);
  lua_call(L, 2, 1);
  lua::push_embedded(L, stream_modules, "scanner");
  push_scanner_functions(L);
  push_regex(L);
  lua_call(L, 2, 1);
  lua_setfield(L, -2, "scanner");
}

}  // namespace emilua::bindings
