#include "lib/actor/child_setup.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <numeric>
#include <string>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/exec_list.h"
#include "lib/base/file.h"
#include "lib/base/signals.h"
#include "lib/init/init_script.h"
#include "lib/ipc/first_process.h"
#include "lib/sandbox/boxed_program.h"
#include "lib/sandbox/compiled_plan.h"
#include "lib/sandbox/execute.h"
#include "lib/sandbox/hidden_empty_string.h"
#include "lib/sandbox/launch.h"

namespace emilua::actor {
namespace {

// Where everything lies once the descriptors are in place.
constexpr int inbox_fd = 3;
constexpr int helper_fd = 4;
constexpr int own_helper_fd = 5;
constexpr int argument_fd = 6;
constexpr int cgroup_fd = 7;
constexpr int config_fd = 8;
constexpr int source_fd = 9;  // and what follows

[[noreturn]] void fail(std::string_view what) {
  // Syslog's priority "error", as all diagnostics of a starting actor have it.
  char line[512];
  const int n =
      std::snprintf(line, sizeof line, "<3>%.*s\n", static_cast<int>(what.size()), what.data());
  const std::size_t size = n < static_cast<int>(sizeof line) ? n : sizeof line - 1;
  base::ignore_sigpipe();  // unread standard error is no other end than this
  static_cast<void>(base::write_all(2, base::bytes_of({line, size})));
  ::_exit(1);
}

[[noreturn]] void fail_call(const char* call) {
  char what[128];
  const int n = std::snprintf(what, sizeof what, "ipc_actor: %s: %s", call, std::strerror(errno));
  fail({what, static_cast<std::size_t>(n)});
}

void close_from(unsigned first) {
  if (!base::close_from(first)) fail_call("close_range");
}

// The same out of the way of the final numbers, which end below `above`.
int lift(int fd, int above) {
  if (fd == -1 || fd >= above) return fd;
  const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, above);
  if (copy == -1) fail_call("fcntl");
  return copy;
}

void place(int fd, int number, int flags) {
  if (::dup3(fd, number, flags) == -1) fail_call("dup3");
}

void place_descriptors(const child_descriptors& given, const stdio_mode (&modes)[3]) {
  const int source_count = static_cast<int>(given.sources.size());
  const int above = source_fd + source_count;
  int stdio[3], sources[sandbox::max_sources];
  for (int i = 0; i < 3; ++i) stdio[i] = lift(given.stdio[i], above);
  for (int i = 0; i < source_count; ++i) sources[i] = lift(given.sources[i], above);
  const struct {
    int fd, number;
  } places[] = {{lift(given.inbox, above), inbox_fd},
                {lift(given.helper, above), helper_fd},
                {lift(given.own_helper, above), own_helper_fd},
                {lift(given.init_argument, above), argument_fd},
                {lift(given.cgroup, above), cgroup_fd},
                {lift(given.config, above), config_fd}};
  int last = helper_fd;
  for (const auto& [fd, number] : places) {
    if (fd == -1) continue;
    place(fd, number, O_CLOEXEC);
    last = number;
  }
  for (int i = 0; i < source_count; ++i) place(sources[i], last = source_fd + i, O_CLOEXEC);
  // Standard error last, so that failures are still seen.
  for (int i = 0; i < 3; ++i) {
    if (modes[i] == stdio_mode::share) continue;
    if (modes[i] == stdio_mode::given) {
      place(stdio[i], i, 0);
    } else {
      const auto end = base::dead_end(i == 0);
      if (!end) fail_call("pipe2");
      place(end->get(), i, 0);
    }
  }
  for (const auto& [fd, number] : places)
    if (fd == -1 && number < last) ::close(number);  // the helper's
  close_from(last + 1);
}

void arm_parent_death_signal() {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) == -1) fail_call("prctl");
}

// `helper` is its process descriptor.
void die_with(int helper) {
  arm_parent_death_signal();
  // The helper may have gone before the signal was armed. In a pid namespace of our own getppid()
  // would not tell.
  pollfd p{.fd = helper, .events = POLLIN, .revents = 0};
  if (base::retry([&] { return ::poll(&p, 1, 0); }) != 0) ::_exit(1);
}

// Puts the process into its box. Nothing of the actor has been read as code yet.
void enter_box(std::string& box, std::size_t source_count) {
  std::vector<int> sources(source_count);
  std::iota(sources.begin(), sources.end(), source_fd);
  const auto tell = [](sandbox::box_message message) {
    static_cast<void>(sandbox::tell(argument_fd, message));
  };
  using kind = sandbox::box_message::kind;
  if (const auto failed =
          sandbox::execute(sandbox::compiled_plan{box},
                           {.cgroup = cgroup_fd, .host = argument_fd, .sources = sources})) {
    tell({kind::failed, failed->index, failed->error});
    errno = failed->error;
    fail_call("sandbox");
  }
  // A host that is gone cannot be told, and then nothing is to run.
  if (!sandbox::tell(argument_fd, {kind::ready, 0, 0})) fail_call("sandbox: handshake");
}

// An actor that is process 1 of its namespace, if it is: what the kernel keeps from those, unless
// they handle it, ends this one as it ends others.
void stay_first_process() {
  if (::getpid() != 1) return;
  struct sigaction leave {};
  leave.sa_handler = [](int signal) { ::_exit(128 + signal); };
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2})
    if (::sigaction(signal, &leave, nullptr) == -1) fail_call("sigaction");
  base::unblock_all_signals();
}

}  // namespace

void become_program(const program_descriptors& given, bool survives) {
  static_cast<void>(::prctl(PR_SET_NAME, "emilua-box"));  // only for people who look
  int host = given.handshake;
  const auto fail = [&](int error) {
    using kind = sandbox::box_message::kind;
    static_cast<void>(sandbox::tell(host, {kind::failed, sandbox::no_step, error}));
    ::_exit(1);
  };
  // All that is the program's goes above the number that the plan knows.
  constexpr int program = sandbox::launcher::program_in_child;
  const auto lifted = [&](int fd) {
    if (fd == -1) return -1;
    const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, program + 1);
    if (copy == -1) fail(errno);
    return copy;
  };
  host = lifted(host);
  const int memory = lifted(given.config), helper = lifted(given.helper),
            cgroup = lifted(given.cgroup);
  std::array<int, 10> descriptors = given.given;
  for (int& fd : descriptors) fd = lifted(fd);
  const int file = lifted(given.program);
  std::vector<int> sources{given.sources.begin(), given.sources.end()};
  for (int& fd : sources) fd = lifted(fd);
  if (::dup3(file, program, O_CLOEXEC) == -1) fail(errno);
  if (!survives) die_with(helper);
  auto config = open_program(memory);
  if (!config) fail(config.error().value());
  const auto empty_path = sandbox::hidden_empty_string::make_at(config->empty_path);
  if (!empty_path) fail(empty_path.error().value());
  const std::vector<char*> arguments = base::exec_list(config->arguments),
                           environment = base::exec_list(config->environment);
  sandbox::become_boxed_program({.steps = sandbox::compiled_plan{config->box},
                                 .program = program,
                                 .exec_descriptor = config->exec_descriptor,
                                 .empty_path = empty_path->c_str(),
                                 .path = config->path.c_str(),
                                 .arguments = arguments.data(),
                                 .environment = environment.data(),
                                 .descriptors = descriptors,
                                 .close_fds = true,
                                 .host = host,
                                 .sources = sources,
                                 .cgroup = cgroup});
}

void become_actor(const child_descriptors& given, const stdio_mode (&modes)[3], actor_life& life) {
  place_descriptors(given, modes);
  ipc::ready_first_process();  // until now all signals were blocked; their dispositions are the
                               // default
  die_with(helper_fd);
  ::close(helper_fd);
  const pid_t parent = ::getppid();
  static_cast<void>(::prctl(PR_SET_NAME, "emilua-actor"));  // only for people who look

  auto config = receive_config(inbox_fd, given.config == -1 ? -1 : config_fd);
  if (!config) fail("ipc_actor: configuration: " + config.error().message());
  if (given.config != -1) ::close(config_fd);
  if (config->has_init_script) {
    init::run_init_script({.script = config->init_script,
                           .argument = given.init_argument == -1 ? -1 : argument_fd,
                           .fatal = fail});
    base::secure_erase(config->init_script.data(), config->init_script.size());
    config->init_script.clear();
    // Whoever changes its user ids loses the signal.
    arm_parent_death_signal();
    if (::getppid() != parent) ::_exit(1);
  }
  if (!config->box.empty()) enter_box(config->box, given.sources.size());
  const bool has_helper = given.own_helper != -1;
  close_from(has_helper ? own_helper_fd + 1 : helper_fd);
  // A box's plan says itself whether process 1 stays behind.
  if (!config->box.empty())
    stay_first_process();
  else if (ipc::split_first_process() == -1)
    fail_call("clone");
  try {
    ::exit(life.run({std::move(*config), base::unique_fd{inbox_fd},
                     base::unique_fd{has_helper ? own_helper_fd : -1}}));
  } catch (const std::exception& e) {  // no memory, no descriptors
    fail(std::string{"ipc_actor: "} + e.what());
  }
}

}  // namespace emilua::actor
