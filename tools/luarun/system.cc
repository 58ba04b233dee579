#include "tools/luarun/system.h"

#include <unistd.h>

#include <boost/asio/error.hpp>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "lib/base/error.h"
#include "lib/bindings/byte_span/byte_span.h"
#include "lib/lua/class.h"
#include "lib/lua/error.h"

namespace emilua::luarun {
namespace {

const char process_key = 0;  // its address is the registry key

const process& process_of(lua_State* L) {
  lua_pushlightuserdata(L, const_cast<char*>(&process_key));
  lua_rawget(L, LUA_REGISTRYINDEX);
  const auto* p = static_cast<const process*>(lua_touserdata(L, -1));
  lua_pop(L, 1);
  return *p;
}

// --- standard streams ----------------------------------------------------------------------------

int push_count(lua_State* L, ssize_t n) {
  if (n == -1) lua::raise(L, base::last_error());
  lua_pushinteger(L, static_cast<lua_Integer>(n));
  return 1;
}

int read_some(lua_State* L) {
  const auto& buffer = lua::check<bindings::byte_span>(L, 2);
  const ssize_t n = base::retry([&] { return ::read(STDIN_FILENO, buffer.data, buffer.length); });
  if (n == 0 && buffer.length != 0)
    lua::raise(L, boost::system::error_code{boost::asio::error::eof});
  return push_count(L, n);
}

template <int Number>
int write_some(lua_State* L) {
  const auto& buffer = lua::check<bindings::byte_span>(L, 2);
  // What print() and io.write() have written comes first.
  if (std::fflush(Number == STDOUT_FILENO ? stdout : stderr) != 0) return push_count(L, -1);
  return push_count(L, base::retry([&] { return ::write(Number, buffer.data, buffer.length); }));
}

template <int Number>
int isatty(lua_State* L) {
  lua_pushboolean(L, ::isatty(Number));
  return 1;
}

template <int Number>
constexpr lua::class_method transfer = {"write_some", write_some<Number>};
template <>
constexpr lua::class_method transfer<0> = {"read_some", read_some};

template <int Number>
const lua::class_method stream_functions[] = {transfer<Number>, {"isatty", isatty<Number>}};

// Made once: `system.out == system.out`.
template <int Number>
int standard_stream(lua_State* L) {
  static constexpr char key = 0;
  lua_pushlightuserdata(L, const_cast<char*>(&key));
  lua_rawget(L, LUA_REGISTRYINDEX);
  if (!lua_isnil(L, -1)) return 1;
  lua::push_functions(L, stream_functions<Number>);
  lua_pushlightuserdata(L, const_cast<char*>(&key));
  lua_pushvalue(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
  return 1;
}

// --- the process ---------------------------------------------------------------------------------

int arguments(lua_State* L) {
  lua_newtable(L);
  int i = 0;
  for (const std::string& argument : process_of(L).arguments) {
    lua::push_text(L, argument);
    lua_rawseti(L, -2, ++i);
  }
  return 1;
}

int environment(lua_State* L) {
  lua_newtable(L);
  for (char** entry = process_of(L).environment; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals == text.npos) continue;
    lua::push_text(L, text.substr(0, equals));
    lua::push_text(L, text.substr(equals + 1));
    lua_rawset(L, -3);
  }
  return 1;
}

int exit(lua_State* L) { std::exit(static_cast<int>(luaL_optnumber(L, 1, 0))); }

const lua::class_method functions[] = {{"exit", exit}};
const lua::class_property properties[] = {{"in_", standard_stream<0>},
                                          {"out", standard_stream<1>},
                                          {"err", standard_stream<2>},
                                          {"arguments", arguments},
                                          {"environment", environment}};

}  // namespace

void set_process(lua_State* L, const process& p) {
  lua_pushlightuserdata(L, const_cast<char*>(&process_key));
  lua_pushlightuserdata(L, const_cast<process*>(&p));
  lua_rawset(L, LUA_REGISTRYINDEX);
}

void push_system(lua_State* L) {
  static const lua::class_info info{
      .name = "system", .methods = functions, .properties = properties};
  lua::push_singleton(L, info);
}

}  // namespace emilua::luarun
