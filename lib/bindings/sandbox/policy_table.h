// Policies written as Lua tables.
#pragma once

#include <lua.hpp>

#include "lib/sandbox/policy.h"

namespace emilua::bindings {

// The policy that the table at `index` spells: its fields are those of the JSON form. An error has
// the field's path. Raises nothing.
[[nodiscard]] sandbox::policy_result<sandbox::policy> read_policy_table(lua_State* L, int index);

// Pushes the policy as such a table, with its defaults.
void push_policy_table(lua_State* L, const sandbox::policy& policy);

}  // namespace emilua::bindings
