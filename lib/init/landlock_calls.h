// The Landlock functions of the table `C`: names in, the kernel's bits out. A misspelt name is a
// Lua error; what the kernel refuses follows errexit.
//
//   C.landlock_create_ruleset({handled_access_fs = {…}, handled_access_net = {…}, scoped = {…}})
//   C.landlock_create_ruleset(nil, {"version"})
//   C.landlock_add_rule(ruleset, "path_beneath", {parent_fd = fd, allowed_access = {…}})
//   C.landlock_add_rule(ruleset, "net_port", {port = 443, allowed_access = {…}})
//   C.landlock_restrict_self(ruleset)
#pragma once

#include <lua.hpp>

namespace emilua::init {

int c_landlock_create_ruleset(lua_State* L);
int c_landlock_add_rule(lua_State* L);
int c_landlock_restrict_self(lua_State* L);

}  // namespace emilua::init
