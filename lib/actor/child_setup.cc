#include "lib/actor/child_setup.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "lib/base/bytes.h"
#include "lib/base/file.h"
#include "lib/base/signals.h"
#include "lib/init/init_script.h"

namespace emilua::actor {
namespace {

// Where everything lies once the descriptors are in place.
constexpr int inbox_fd = 3;
constexpr int config_fd = 4;
constexpr int argument_fd = 5;

[[noreturn]] void fail(std::string_view what) {
  // Syslog's priority "error", as all diagnostics of a starting actor have it.
  char line[512];
  const int n = std::snprintf(line, sizeof line, "<3>%.*s\n", static_cast<int>(what.size()),
                              what.data());
  const std::size_t size = n < static_cast<int>(sizeof line) ? n : sizeof line - 1;
  static_cast<void>(base::write_all(2, base::bytes_of({line, size})));
  ::_exit(1);
}

[[noreturn]] void fail_call(const char* call) {
  char what[128];
  const int n = std::snprintf(what, sizeof what, "ipc_actor: %s: %s", call, std::strerror(errno));
  fail({what, static_cast<std::size_t>(n)});
}

void close_from(unsigned first) {
  if (::syscall(SYS_close_range, first, ~0U, 0) == 0) return;
  // Before Linux 5.9. Numbers above the limit cannot have been handed out by the helper.
  for (int fd = static_cast<int>(first), end = static_cast<int>(::sysconf(_SC_OPEN_MAX)); fd < end;
       ++fd)
    ::close(fd);
}

// A copy out of the way of the final numbers.
int lift(int fd) {
  if (fd == -1) return -1;
  const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 16);
  if (copy == -1) fail_call("fcntl");
  return copy;
}

void place(int fd, int number, int flags) {
  if (::dup3(fd, number, flags) == -1) fail_call("dup3");
}

// One end of a pipe whose other end is closed.
int dead_end(bool input) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) == -1) fail_call("pipe2");
  ::close(ends[input ? 1 : 0]);
  return ends[input ? 0 : 1];
}

void place_descriptors(const child_descriptors& given, const stdio_mode (&modes)[3]) {
  int stdio[3];
  for (int i = 0; i < 3; ++i) stdio[i] = lift(given.stdio[i]);
  const int inbox = lift(given.inbox), config = lift(given.config),
            argument = lift(given.init_argument);
  place(inbox, inbox_fd, O_CLOEXEC);
  place(config, config_fd, O_CLOEXEC);
  if (argument != -1) place(argument, argument_fd, O_CLOEXEC);
  // Standard error last, so that failures are still seen.
  for (int i = 0; i < 3; ++i) {
    if (modes[i] == stdio_mode::share) continue;
    place(modes[i] == stdio_mode::given ? stdio[i] : lift(dead_end(i == 0)), i, 0);
  }
  close_from(argument == -1 ? argument_fd : argument_fd + 1);
}

// The helper has set every disposition to its default but this one, and blocks all signals.
void restore_signals() {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  if (::sigaction(SIGCHLD, &standard, nullptr) == -1) fail_call("sigaction");
  base::unblock_all_signals();
}

void die_with(pid_t helper) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) == -1) fail_call("prctl");
  // The helper may have gone before the signal was armed.
  if (::getppid() != helper && ::getppid() != 0) ::_exit(1);
}

}  // namespace

void become_actor(const child_descriptors& given, const stdio_mode (&modes)[3], pid_t helper,
                  spawn_helper::actor_main run) {
  place_descriptors(given, modes);
  restore_signals();
  die_with(helper);

  auto config = open_config(config_fd);
  if (!config) fail("ipc_actor: configuration: " + config.error().message());
  ::close(config_fd);
  if (config->has_init_script) {
    init::run_init_script({.script = config->init_script,
                           .argument = given.init_argument == -1 ? -1 : argument_fd,
                           .fatal = fail});
    base::secure_erase(config->init_script.data(), config->init_script.size());
    config->init_script.clear();
  }
  close_from(config_fd);
  ::exit(run({std::move(*config), base::unique_fd{inbox_fd}}));
}

}  // namespace emilua::actor
