// box:spawn: a program as system.spawn starts it, under the box's policy.
#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include "lib/base/file.h"
#include "lib/base/unique_fd.h"
#include "lib/bindings/sandbox/box.h"
#include "lib/bindings/sandbox/clauses.h"
#include "lib/bindings/system/spawn_options.h"
#include "lib/bindings/system/subprocess.h"
#include "lib/fiber/vm.h"
#include "lib/lua/error.h"
#include "lib/sandbox/hidden_empty_string.h"
#include "lib/sandbox/launch.h"
#include "lib/sandbox/program_file.h"

namespace emilua::bindings {
namespace {

using ipc::program_request;

// Options of system.spawn that the policy has fields for, or that nothing in a box could use.
[[noreturn]] void refuse_option(lua_State* L, std::string_view option, std::string_view clause) {
  push_clause(L, std::make_error_code(std::errc::not_supported), clause,
              clause.empty() ? "boxes do not have this option" : "is for the policy to say");
  lua::push_text(L, option);
  lua_setfield(L, -2, "arg");
  lua_error(L);
  __builtin_unreachable();
}

void refuse_what_is_the_policys(lua_State* L, const program_request& request) {
  const struct {
    bool given;
    std::string_view option, clause;
  } options[] = {
      {request.scheduler_policy || request.scheduler_priority, "scheduler", "nice"},
      {request.start_new_session, "start_new_session", "new_session"},
      {request.process_group.has_value(), "process_group", "new_session"},
      {request.set_ctty != program_request::none, "set_ctty", "new_session"},
      {request.foreground != program_request::none, "foreground", "new_session"},
      {request.extra_groups.has_value(), "extra_groups", "user.groups"},
      {request.rgid.has_value(), "rgid", "user.gid"},
      {request.egid.has_value(), "egid", "user.gid"},
      {request.ruid.has_value(), "ruid", "user.uid"},
      {request.euid.has_value(), "euid", "user.uid"},
      {request.umask.has_value(), "umask", "umask"},
      {request.pdeathsig.has_value(), "pdeathsig", "die_with_parent"},
      {request.working_directory_path || request.working_directory != program_request::none,
       "working_directory", "cwd"},
      {request.namespaces[0] != program_request::none, "setns_user", "namespaces"},
      {request.namespaces[1] != program_request::none, "setns_mount", "namespaces"},
      {request.namespaces[2] != program_request::none, "setns_uts", "namespaces"},
      {request.namespaces[3] != program_request::none, "setns_ipc", "namespaces"},
      {request.namespaces[4] != program_request::none, "setns_net", "namespaces"},
  };
  for (const auto& [given, option, clause] : options)
    if (given) refuse_option(L, option, clause);
  if (!request.pid_variables.empty()) refuse_option(L, "environment", "");
}

// The policy's variables, and those of the options, which must be others.
std::vector<std::string> environment_of(lua_State* L, const program_request& request,
                                        const sandbox::policy& policy) {
  std::vector<std::string> all = request.environment;
  for (const std::string& variable : request.environment)
    if (policy.env.contains(variable.substr(0, variable.find('='))))
      refuse_option(L, "environment", "env");
  for (const auto& [name, value] : policy.env) all.push_back(name + "=" + value);
  return all;
}

// Errors that only the file itself can be blamed for, as system.spawn has them.
[[noreturn]] void raise_program(lua_State* L, std::error_code error, const std::string& why) {
  push_clause(L, error, "program", error.message() + (why.empty() ? "" : ": " + why));
  lua_pushliteral(L, "program");
  lua_setfield(L, -2, "step");
  lua_pushliteral(L, "execve");
  lua_setfield(L, -2, "mechanism");
  lua_error(L);
  __builtin_unreachable();
}

[[noreturn]] void raise_failure(lua_State* L, const sandbox::launch_failure& failure,
                                const sandbox::plan& plan, int program) {
  using stage = sandbox::launch_failure::stage;
  switch (failure.where) {
    case stage::program:
      raise_program(L, failure.code,
                    sandbox::why_not_executable(program, plan.exec_descriptor != -1));
    case stage::step:
      push_step(L, failure.code, plan.steps.at(failure.index));
      break;
    case stage::cgroup:
      push_cgroup_failure(L, failure.code, failure.what);
      break;
    case stage::clone:
      push_clause(L, failure.code, "namespaces", "clone: " + failure.code.message());
      lua_pushliteral(L, "clone");
      lua_setfield(L, -2, "step");
      lua_pushliteral(L, "namespaces");
      lua_setfield(L, -2, "mechanism");
      break;
    case stage::maps:
      push_maps_failure(L, failure.code, failure.what);
      break;
    case stage::host:
      push_clause(L, failure.code, "", failure.what + ": " + failure.code.message());
      lua::push_text(L, failure.what);
      lua_setfield(L, -2, "step");
      break;
  }
  lua_error(L);
  __builtin_unreachable();
}

// Outputs that nobody reads, and an input at its end, where no stream is given.
struct dead_ends {
  base::unique_fd ends[3];
};

std::array<int, 10> descriptors_of(lua_State* L, const program_request& request, dead_ends& dead) {
  std::array<int, 10> all = request.descriptors;
  for (std::size_t i = 0; i < std::size(dead.ends); ++i) {
    if (all[i] != program_request::none) continue;
    auto end = base::dead_end(i == 0);
    if (!end) lua::raise(L, end.error());
    dead.ends[i] = std::move(*end);
    all[i] = dead.ends[i].get();
  }
  return all;
}

// Outside the box, with our rights: the box need not have its directory.
sandbox::program_file find_program(lua_State* L, const program_request& request) {
  if (request.program != program_request::none) {
    auto copy = base::duplicate(request.program);
    if (!copy) lua::raise(L, copy.error());
    return {std::move(*copy), ""};
  }
  auto found = sandbox::find_program(request.paths);
  if (!found) raise_program(L, found.error(), "");
  return std::move(*found);
}

// Numbers that the limit of open files takes away cannot hold anything either.
void check_numbers(lua_State* L, const sandbox::plan& plan, const program_request& request) {
  for (std::size_t i = 3; i < request.descriptors.size(); ++i)
    if (request.descriptors[i] != program_request::none &&
        plan.exec_descriptor == static_cast<int>(i))
      refuse_option(L, "extra_fds", "limits.open_files");
}

}  // namespace

int spawn_in_box(lua_State* L) {
  auto& self = lua::check<box>(L, 1);
  if (!lua_istable(L, 2)) lua::raise_argument(L, 2);
  lua_settop(L, 2);
  const spawn_options options = check_spawn_options(L, 2);
  const program_request& request = options.request;
  refuse_what_is_the_policys(L, request);
  auto* const launcher = fiber::vm::of(L).process().find<sandbox::launcher>();
  if (launcher == nullptr) lua::raise(L, std::errc::no_child_process);

  const sandbox::program_file program = find_program(L, request);
  const auto empty_path = sandbox::hidden_empty_string::make();
  if (!empty_path) lua::raise(L, empty_path.error());
  const sandbox::plan plan = make_plan(L, self.policy,
                                       {.who = sandbox::subject::program,
                                        .program = sandbox::launcher::program_in_child,
                                        .empty_path = empty_path->address()});
  check_numbers(L, plan, request);
  dead_ends dead;
  const sandbox::program_launch launch{
      .program = program.fd.get(),
      .empty_path = empty_path->c_str(),
      .path = program.path,
      .arguments = request.arguments,
      .environment = environment_of(L, request, self.policy),
      .descriptors = descriptors_of(L, request, dead),
  };
  auto report = std::make_shared<box_report>(box_report{plan.report, true});
  child_process& child = push_subprocess(L, options.signal_on_gcreaper);
  auto started = launcher->launch_boxed(plan, launch);
  if (!started) raise_failure(L, started.error(), plan, program.fd.get());
  self.last = std::move(report);
  if (const auto error =
          child.adopt({started->pid, std::move(started->pidfd)}, std::move(started->line)))
    lua::raise(L, error);
  return 1;
}

}  // namespace emilua::bindings
