#include "tools/initexec/container.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/signals.h"
#include "lib/init/init_script.h"
#include "tools/command_line/start.h"
#include "tools/initexec/box.h"
#include "tools/initexec/orphans.h"

namespace emilua::initexec {
namespace {

constexpr const char* tool_name = "initexec";
constexpr int set_up_failed = 125;
constexpr int ending_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

[[noreturn]] void fail(const std::string& what, std::error_code error) {
  throw tools::refusal{set_up_failed, what + ": " + error.message()};
}

[[noreturn]] void report_and_exit(std::string_view message) {
  tools::complain(tool_name, "script: " + std::string{init::plain_message(message)});
  ::_exit(tools::failure);
}

void end_by(int signal) { ::_exit(128 + signal); }

// Process 1 gets no signal that it does not handle: without this nobody could end its script.
void handle_endings(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  for (const int signal : ending_signals) ::sigaction(signal, &action, nullptr);
}

// What can be done meanwhile is done by then.
void wait_for_maker(void* with) {
  const int gate = static_cast<const container*>(with)->gate;
  if (gate == -1) return;
  char byte;
  // The maker has failed, and told why; or is gone.
  if (base::retry([&] { return ::read(gate, &byte, 1); }) != 1) ::_exit(set_up_failed);
  ::close(gate);
}

void run_script(container& c, bool first) {
  base::reset_signal_dispositions();
  if (first) handle_endings(end_by);
  base::unblock_all_signals();
  ::clearenv();
  init::run_init_script({.script = c.script,
                         .argument = c.what.argument,
                         .name = c.name.c_str(),
                         .keep_stack = true,
                         .output_matters = true,
                         .begin = wait_for_maker,
                         .with = &c,
                         .fatal = report_and_exit});
}

void open_to_the_program(const std::vector<int>& kept) {
  if (const auto marked = base::close_on_exec_from(3); !marked) fail("descriptors", marked.error());
  for (const int fd : kept)
    if (::fcntl(fd, F_SETFD, 0) == -1) fail("--keep-fd: " + std::to_string(fd), base::last_error());
}

// Where the script has left us. Throws tools::refusal.
box make_box(const container& c, bool has_guardian) {
  box made{*c.policy, c.what.program, c.environment, has_guardian};
  if (c.what.report) std::fprintf(stderr, "%s\n", sandbox::report_json(made.plan()).c_str());
  // Where the filter expects the program's file nothing else can be.
  for (const int fd : c.what.kept)
    if (fd == made.plan().exec_descriptor)
      throw tools::refusal{set_up_failed, "--keep-fd: " + std::to_string(fd) +
                                              ": the policy's limits.open_files is not above it"};
  return made;
}

pid_t start_program(const container& c, const tools::supervisor& supervisor) {
  if (c.policy) return make_box(c, true).start();
  return tools::start(supervisor, c.what.program, c.environment);
}

int execute_program(const container& c) {
  if (c.policy) make_box(c, c.has_maker).execute();
  return tools::execute(tool_name, c.what.program, c.environment);
}

// Stays behind, and looks after everybody.
int look_after_program(const container& c) {
  if (::getpid() != 1 && ::prctl(PR_SET_CHILD_SUBREAPER, 1) == -1)
    fail("--pid1: PR_SET_CHILD_SUBREAPER", base::last_error());
  const tools::supervisor supervisor;
  handle_endings(SIG_DFL);  // blocked from now on
  const pid_t program = start_program(c, supervisor);
  init::erase_stack();  // not before: the program need not wait for it
  // A pipe's other end is to see the program's end at once.
  if (const auto closed = base::close_from(3); !closed) fail("descriptors", closed.error());
  for (const int fd : {0, 1}) ::close(fd);
  const int status = supervisor.wait({program})[0];
  if (c.what.kill_all) kill_orphans();
  return status;
}

}  // namespace

void arm_death_signal() {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) == -1) fail("PR_SET_PDEATHSIG", base::last_error());
}

int enter(container& c) {
  const bool first = c.what.first_process.value_or(::getpid() == 1);
  const pid_t maker = ::getppid();
  run_script(c, first);
  if (c.has_maker) {
    // A script that changes its user ids loses the signal. (Inside a pid namespace the maker's end
    // could only be missed in the moment between.)
    arm_death_signal();
    if (::getppid() != maker) return set_up_failed;
  }
  if (c.what.program.empty()) return 0;
  open_to_the_program(c.what.kept);
  if (first) return look_after_program(c);
  return execute_program(c);
}

}  // namespace emilua::initexec
