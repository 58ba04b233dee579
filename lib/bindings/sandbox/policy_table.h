// Policies written as Lua tables.
#pragma once

#include <lua.hpp>

#include "lib/bindings/sandbox/boxed_plan.h"
#include "lib/sandbox/policy.h"

namespace emilua::bindings {

struct written_policy {
  sandbox::policy policy;
  held_descriptors descriptors;  // that its mounts name
};

// The policy that the table at `index` spells: its fields are those of the JSON form, but that a
// mount's source may be a file_descriptor, of which the policy gets a copy. An error has the
// field's path. Raises nothing.
[[nodiscard]] sandbox::policy_result<written_policy> read_policy_table(lua_State* L, int index);

// Pushes the policy as such a table, with its defaults. Raises what copying a descriptor does.
void push_policy_table(lua_State* L, const sandbox::policy& policy);

}  // namespace emilua::bindings
