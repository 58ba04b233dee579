#include "lib/bindings/io/socket_option.h"

#include <sys/socket.h>

#include <algorithm>
#include <limits>
#include <system_error>

#include "lib/base/error.h"
#include "lib/lua/error.h"

namespace emilua::bindings {
namespace {

constexpr int value_argument = 3;

int check_value(lua_State* L, option_type type) {
  if (type == option_type::boolean) {
    luaL_checktype(L, value_argument, LUA_TBOOLEAN);
    return lua_toboolean(L, value_argument);
  }
  const lua_Number value = luaL_checknumber(L, value_argument);
  using limits = std::numeric_limits<int>;
  if (!(value >= limits::min() && value <= limits::max()))
    lua::raise(L, std::errc::result_out_of_range);
  return static_cast<int>(value);
}

}  // namespace

const socket_option* find_option(std::span<const socket_option> options,
                                 std::string_view name) noexcept {
  const auto found = std::ranges::find(options, name, &socket_option::name);
  return found == options.end() ? nullptr : &*found;
}

void set_socket_option(lua_State* L, int fd, const socket_option& option) {
  const int value = check_value(L, option.type);
  if (::setsockopt(fd, option.level, option.number, &value, sizeof value) == -1)
    lua::raise(L, base::last_error());
}

void push_socket_option(lua_State* L, int fd, const socket_option& option) {
  int value = 0;
  socklen_t size = sizeof value;
  if (::getsockopt(fd, option.level, option.number, &value, &size) == -1)
    lua::raise(L, base::last_error());
  if (option.type == option_type::boolean)
    lua_pushboolean(L, value);
  else
    lua_pushinteger(L, option.type == option_type::buffer_size ? value / 2 : value);
}

}  // namespace emilua::bindings
