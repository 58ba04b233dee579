#include "tools/initexec/box.h"

#include <sys/capability.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string_view>

#include "lib/base/error.h"
#include "lib/base/exec_list.h"
#include "lib/base/file.h"
#include "lib/sandbox/boxed_program.h"
#include "lib/sandbox/step_failure_text.h"
#include "lib/sandbox/support.h"
#include "tools/command_line/start.h"

namespace emilua::initexec {
namespace {

constexpr int set_up_failed = 125;

[[noreturn]] void refuse(const std::string& what) {
  throw tools::refusal{set_up_failed, "--policy: " + what};
}

tools::refusal exec_failure(const std::string& program, std::error_code error,
                            const std::string& hint = "") {
  return {error == std::errc::no_such_file_or_directory ? tools::not_found : tools::not_executable,
          "exec: " + program + ": " + error.message() + (hint.empty() ? "" : ": " + hint)};
}

sandbox::program_file find(const std::string& name, const tools::environment& environment) {
  std::string_view directories = "/usr/local/bin:/usr/bin:/bin";
  for (const auto& [variable, value] : environment)
    if (variable == "PATH") directories = value;
  auto found = sandbox::find_program(sandbox::search_path(name, directories));
  if (!found) throw exec_failure(name, found.error());
  return std::move(*found);
}

sandbox::hidden_empty_string make_empty_path() {
  auto made = sandbox::hidden_empty_string::make();
  if (!made) refuse("memory: " + made.error().message());
  return std::move(*made);
}

// Root, as the script leaves it, need not have what root has.
bool has_setpcap() {
  const std::unique_ptr<_cap_struct, int (*)(void*)> caps{::cap_get_proc(), ::cap_free};
  cap_flag_value_t value = CAP_CLEAR;
  return caps && ::cap_get_flag(caps.get(), CAP_SETPCAP, CAP_EFFECTIVE, &value) == 0 &&
         value == CAP_SET;
}

sandbox::plan plan_for(const sandbox::policy& policy, int program, std::uint64_t empty_path,
                       bool has_guardian) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  auto made = sandbox::make_plan(policy, sandbox::probe_in_place(),
                                 {.who = sandbox::subject::successor,
                                  .uid = ::geteuid(),
                                  .gid = ::getegid(),
                                  .descriptor_limit = files.rlim_max,
                                  .program = program,
                                  .empty_path = empty_path,
                                  .powerless = !has_setpcap(),
                                  .has_guardian = has_guardian});
  if (!made) refuse(in_words(made.error()));
  return std::move(*made);
}

}  // namespace

sandbox::policy load_policy(const std::string& path) {
  const auto text = base::read_file(path.c_str(), sandbox::max_policy_size);
  if (!text) refuse(path + ": " + text.error().message());
  auto read = sandbox::read_policy(*text);
  if (!read) refuse(path + ": " + in_words(read.error()));
  if (const auto suited = check(*read, sandbox::subject::successor); !suited)
    refuse(path + ": " + in_words(suited.error()));
  return std::move(*read);
}

box::box(const sandbox::policy& policy, const std::vector<std::string>& program,
         const tools::environment& environment, bool has_guardian)
    : arguments_(program),
      environment_(tools::entries(environment)),
      file_(find(program[0], environment)),
      empty_path_(make_empty_path()),
      plan_(plan_for(policy, file_.fd.get(), empty_path_.address(), has_guardian)),
      hint_(sandbox::why_not_executable(file_.fd.get(), plan_.exec_descriptor != -1)) {
  plan_.close_fds = false;
}

void box::execute() {
  std::string compiled = compile(plan_);
  const std::vector<char*> arguments = base::exec_list(arguments_),
                           environment = base::exec_list(environment_);
  sandbox::boxed_program_start start{.steps = sandbox::compiled_plan{compiled},
                                     .program = file_.fd.get(),
                                     .exec_descriptor = plan_.exec_descriptor,
                                     .empty_path = empty_path_.c_str(),
                                     .path = file_.path.c_str(),
                                     .arguments = arguments.data(),
                                     .environment = environment.data(),
                                     .descriptors = {},
                                     .close_fds = plan_.close_fds};
  start.descriptors.fill(sandbox::no_descriptor);
  const auto [step, error] = sandbox::replace_by_boxed_program(start);
  fail_at(step, base::system_error(error));
}

pid_t box::start() {
  sandbox::program_launch launch{.program = file_.fd.get(),
                                 .empty_path = empty_path_.c_str(),
                                 .path = file_.path,
                                 .arguments = arguments_,
                                 .environment = environment_,
                                 .descriptors = {}};
  launch.descriptors.fill(sandbox::no_descriptor);
  const auto started = sandbox::launch(plan_, launch);
  if (started) return started->pid;
  using stage = sandbox::launch_failure::stage;
  const sandbox::launch_failure& failure = started.error();
  if (failure.where == stage::step || failure.where == stage::program)
    fail_at(failure.index, failure.code);
  refuse((failure.what.empty() ? "clone" : failure.what) + ": " + failure.code.message());
}

void box::fail_at(std::size_t step, std::error_code error) const {
  if (step == sandbox::no_step) refuse("descriptors: " + error.message());
  if (step >= plan_.steps.size()) throw exec_failure(arguments_[0], error, hint_);
  const sandbox::step& s = plan_.steps[step];
  refuse(s.clause + ": " + sandbox::describe_failure(s, error));
}

}  // namespace emilua::initexec
