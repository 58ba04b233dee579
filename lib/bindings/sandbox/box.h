// sandbox.box: a policy, and what was last planned under it.
#pragma once

#include <lua.hpp>
#include <memory>

#include "lib/bindings/sandbox/boxed_plan.h"
#include "lib/bindings/sandbox/handshake.h"
#include "lib/lua/class.h"
#include "lib/sandbox/plan.h"
#include "lib/sandbox/policy.h"

namespace emilua::bindings {

struct box {
  sandbox::policy policy;
  held_descriptors descriptors;                    // that the policy names
  std::shared_ptr<handshake_in_progress> pending;  // since context()
  std::shared_ptr<const box_report> last;          // of the last handshake or program
};

// Plans for the policy, or raises the clause that cannot be enforced. `context` is completed by
// what the process is.
[[nodiscard]] sandbox::plan make_plan(lua_State* L, const sandbox::policy& policy,
                                      sandbox::plan_context context);

// Methods.
[[nodiscard]] int spawn_in_box(lua_State* L);

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::box>();
