// What is said about the clauses of a policy.
#pragma once

#include <lua.hpp>
#include <string_view>
#include <system_error>
#include <vector>

#include "lib/sandbox/plan.h"

namespace emilua::bindings {

// Pushes an error code with the clause of the policy that it is about, and the reason in words.
void push_clause(lua_State* L, std::error_code error, std::string_view clause,
                 std::string_view reason);
[[noreturn]] void raise_clause(lua_State* L, std::errc error, const sandbox::policy_error& fault);

// Pushes the error of a step, which it names in words beside its clause.
void push_step(lua_State* L, std::error_code error, const sandbox::step& step);

// Pushes the error of making a box's cgroup, of which `part` has failed.
void push_cgroup_failure(lua_State* L, std::error_code error, std::string_view part);

// Pushes the error of maps that could not be written.
void push_maps_failure(lua_State* L, std::error_code error, std::string_view why);

// Pushes the list of box.report.
void push_report(lua_State* L, const std::vector<sandbox::clause_report>& report);

}  // namespace emilua::bindings
