#include "lib/bindings/system/process_rules.h"

namespace emilua::bindings {
namespace {

const char rules_key = 0;  // its address is the registry key

const process_rules* find_rules(lua_State* L) {
  lua_pushlightuserdata(L, const_cast<char*>(&rules_key));
  lua_rawget(L, LUA_REGISTRYINDEX);
  const auto* rules = static_cast<const process_rules*>(lua_touserdata(L, -1));
  lua_pop(L, 1);
  return rules;
}

}  // namespace

void set_process_rules(lua_State* L, const process_rules& rules) {
  lua_pushlightuserdata(L, const_cast<char*>(&rules_key));
  lua_pushlightuserdata(L, const_cast<process_rules*>(&rules));
  lua_rawset(L, LUA_REGISTRYINDEX);
}

void check_process_owner(lua_State* L) {
  if (const process_rules* rules = find_rules(L)) rules->check(L);
}

void tell_process_change(lua_State* L, const ipc::credential_change& made) {
  if (const process_rules* rules = find_rules(L)) rules->follow(L, made);
}

}  // namespace emilua::bindings
