#include "lib/bindings/format/format.h"

#include <optional>
#include <string>
#include <vector>

#include "lib/bindings/format/render.h"
#include "lib/lua/class.h"
#include "lib/lua/error.h"

namespace emilua::bindings {
namespace {

using value_type = decltype(format_argument::value);

// Views of strings hold as long as Lua holds the string.
std::optional<value_type> to_value(lua_State* L, int index) {
  switch (lua_type(L, index)) {
    case LUA_TBOOLEAN:
      return lua_toboolean(L, index) != 0;
    case LUA_TNUMBER:
      return static_cast<double>(lua_tonumber(L, index));
    case LUA_TSTRING:
      return lua::to_text(L, index);
    default:
      return std::nullopt;
  }
}

// A value, or a pair {name, value}.
format_argument check_argument(lua_State* L, int index) {
  std::optional<value_type> value = to_value(L, index);
  std::string_view name;
  if (lua_istable(L, index) && lua_objlen(L, index) == 2) {
    lua_rawgeti(L, index, 1);
    lua_rawgeti(L, index, 2);
    if (lua_type(L, -2) == LUA_TSTRING) {
      name = lua::to_text(L, -2);
      value = to_value(L, -1);
    }
    lua_pop(L, 2);  // the table keeps them, and no Lua code runs before they are used
  }
  if (!value) lua::raise_argument(L, index);
  return {*value, name};
}

int format(lua_State* L) {
  const std::string_view text = lua::to_text(L, 1);
  if (text.data() == nullptr) lua::raise_argument(L, 1);
  const int count = lua_gettop(L);
  std::vector<format_argument> arguments;
  arguments.reserve(static_cast<std::size_t>(count - 1));
  for (int i = 2; i <= count; ++i) arguments.push_back(check_argument(L, i));
  lua::push_text(L, render(text, arguments));
  return 1;
}

}  // namespace

void push_format(lua_State* L) { lua::push_function(L, {"format", format}); }

}  // namespace emilua::bindings
