#include "lib/bindings/json/values.h"

#include "lib/lua/class.h"
#include "lib/lua/core_error.h"
#include "lib/lua/error.h"

namespace emilua::bindings::json {
namespace {

const char null_key = 0, array_tag_key = 0;  // their addresses are the registry keys

int read_null(lua_State* L) { lua::raise(L, lua::core_errc::bad_index); }

int write_null(lua_State* L) { lua::raise(L, std::errc::operation_not_permitted); }

int name_null(lua_State* L) {
  lua_pushliteral(L, "null");
  return 1;
}

void make_null(lua_State* L) {
  const lua::class_method metamethods[] = {
      {"__index", read_null}, {"__newindex", write_null}, {"__tostring", name_null}};
  lua_newtable(L);
  lua::push_functions(L, metamethods);
  lua_pushliteral(L, "json-null");
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
}

void make_array_tag(lua_State* L) { lua_newtable(L); }

void push_value(lua_State* L, const char& key, void (*make)(lua_State* L)) {
  luaL_checkstack(L, 6, "json");
  void* address = const_cast<char*>(&key);
  lua_pushlightuserdata(L, address);
  lua_rawget(L, LUA_REGISTRYINDEX);
  if (!lua_isnil(L, -1)) return;
  lua_pop(L, 1);
  make(L);
  lua_pushlightuserdata(L, address);
  lua_pushvalue(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

}  // namespace

void push_null(lua_State* L) { push_value(L, null_key, make_null); }

void push_array_tag(lua_State* L) { push_value(L, array_tag_key, make_array_tag); }

}  // namespace emilua::bindings::json
