#include "lib/bindings/sandbox/clauses.h"

#include <string>

#include "lib/lua/class.h"
#include "lib/lua/error.h"
#include "lib/sandbox/step_failure_text.h"

namespace emilua::bindings {
namespace {

// The field of the table on top of the stack, if there is something to say.
void set(lua_State* L, const char* name, std::string_view text) {
  if (text.empty()) return;
  lua::push_text(L, text);
  lua_setfield(L, -2, name);
}

}  // namespace

void push_clause(lua_State* L, std::error_code error, std::string_view clause,
                 std::string_view reason) {
  lua::push(L, error);
  lua::push_text(L, clause);
  lua_setfield(L, -2, "clause");
  lua::push_text(L, reason);
  lua_setfield(L, -2, "reason");
}

void raise_clause(lua_State* L, std::errc error, const sandbox::policy_error& fault) {
  push_clause(L, std::make_error_code(error), fault.where, fault.what);
  lua_error(L);
  __builtin_unreachable();
}

void push_step(lua_State* L, std::error_code error, const sandbox::step& step) {
  push_clause(L, error, step.clause, sandbox::describe_failure(step, error));
  set(L, "step", sandbox::describe(step));
  set(L, "mechanism", sandbox::mechanism_of(step.kind));
}

void push_cgroup_failure(lua_State* L, std::error_code error, std::string_view part) {
  push_clause(L, error, "limits.cgroup", std::string{part} + ": " + error.message());
  set(L, "step", part);
  set(L, "mechanism", "cgroup");
}

void push_maps_failure(lua_State* L, std::error_code error, std::string_view why) {
  push_clause(L, error, "user.map", why);
  set(L, "step", "maps of ids");
  set(L, "mechanism", "user namespace");
}

void push_report(lua_State* L, const std::vector<sandbox::clause_report>& report) {
  lua_newtable(L);
  int count = 0;
  for (const sandbox::clause_report& c : report) {
    lua_newtable(L);
    set(L, "clause", c.clause);
    set(L, "level", sandbox::level_name(c.enforced));
    set(L, "mechanism", c.mechanism);
    set(L, "why", c.why);
    set(L, "remedy", c.remedy);
    lua_rawseti(L, -2, ++count);
  }
}

}  // namespace emilua::bindings
