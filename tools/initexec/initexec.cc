#include "tools/initexec/initexec.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <new>
#include <optional>
#include <string>

#include "lib/base/bytes.h"
#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/signals.h"
#include "lib/base/unique_fd.h"
#include "lib/init/init_script.h"
#include "lib/ipc/process.h"
#include "lib/sandbox/id_map.h"
#include "tools/command_line/program.h"
#include "tools/command_line/start.h"
#include "tools/command_line/values.h"
#include "tools/initexec/box.h"
#include "tools/initexec/container.h"
#include "tools/initexec/options.h"

namespace emilua::initexec {
namespace {

constexpr const char* tool_name = "initexec";
constexpr int set_up_failed = 125;
constexpr std::size_t max_environment = std::size_t{1} << 20;

[[noreturn]] void fail(int status, const std::string& what, std::error_code error) {
  throw tools::refusal{status, what + ": " + error.message()};
}

std::string read_script(const options& options) {
  if (options.chunk) return *options.chunk;
  auto text = options.script == "-" ? base::read_all(0, init::arena_size)
                                    : base::read_file(options.script.c_str(), init::arena_size);
  if (!text)
    fail(tools::failure, "script: " + (options.script == "-" ? "standard input" : options.script),
         text.error());
  return std::move(*text);
}

std::string name_of(const options& options) {
  if (options.chunk) return "=(command line)";
  return options.script == "-" ? "=stdin" : "@" + options.script;
}

// NAME=VALUE a line; empty ones, and those that begin with #, say nothing. NAME alone is as it is.
void read_environment(const std::string& path, tools::environment& to) {
  const auto text = base::read_file(path.c_str(), max_environment);
  if (!text) fail(set_up_failed, "--env-file: " + path, text.error());
  std::size_t number = 0;
  for (const std::string& line : tools::split(*text, '\n')) {
    ++number;
    if (line.empty() || line.front() == '#') continue;
    const std::size_t equals = line.find('=');
    if (equals == line.npos || equals == 0 || line.find('\0') != line.npos)
      throw tools::refusal{set_up_failed, "--env-file: " + path + ":" + std::to_string(number) +
                                              ": NAME=VALUE expected"};
    tools::set(to, line.substr(0, equals), line.substr(equals + 1));
  }
}

// Tells the outside who is inside, and waits for its consent.
void meet(int socket, pid_t pid) {
  const std::string line = std::to_string(pid) + "\n";
  if (base::retry([&] { return ::send(socket, line.data(), line.size(), MSG_NOSIGNAL); }) == -1)
    fail(set_up_failed, "--sync-fd: " + std::to_string(socket), base::last_error());
  char byte;
  const ssize_t n = base::retry([&] { return ::recv(socket, &byte, 1, 0); });
  if (n == -1) fail(set_up_failed, "--sync-fd: " + std::to_string(socket), base::last_error());
  if (n == 0)
    throw tools::refusal{set_up_failed,
                         "--sync-fd: " + std::to_string(socket) + ": closed without a byte"};
}

// May be the script's argument, too.
void close_sync(const options& options) {
  if (options.sync != -1 && options.sync != options.argument) ::close(options.sync);
}

// What a process of ours ends with, whatever happens.
template <class Work>
int guarded(Work&& work) {
  try {
    return work();
  } catch (const tools::refusal& e) {
    tools::complain(tool_name, e.what);
    return e.status;
  } catch (const std::bad_alloc&) {
    tools::complain_of_memory(tool_name);
  }
  return set_up_failed;
}

// The first process inside, where nothing happens before its maker says so.
int begin(container& container, int gate) {
  arm_death_signal();
  container.has_maker = true;
  container.gate = gate;
  return enter(container);
}

std::string clone_failure(sandbox::namespace_set namespaces, std::error_code error) {
  const bool needs_user =
      error == std::errc::operation_not_permitted && (namespaces & CLONE_NEWUSER) == 0;
  return "--ns: clone: " + error.message() + (needs_user ? " without --ns=user" : "");
}

// We are root in it.
void map_ids(int pidfd, id_map map) {
  const auto refuse = [](const std::string& what) {
    throw tools::refusal{set_up_failed, "--map: " + what};
  };
  sandbox::mappable_ids others;
  if (map == id_map::subordinate) others = sandbox::find_mappable_ids(::geteuid());
  if (!others.missing.empty()) refuse(others.missing);
  const auto process = sandbox::open_process_directory(pidfd);
  if (!process) fail(set_up_failed, "--map: /proc", process.error());
  const auto written =
      sandbox::write_id_maps(process->get(), {sandbox::map_around(0, ::geteuid(), others.uids),
                                              sandbox::map_around(0, ::getegid(), others.gids)});
  if (!written) refuse(written.error().what);
}

int run_inside(container& container) {
  const options& options = container.what;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) == -1) fail(set_up_failed, "pipe", base::last_error());
  base::unique_fd gate{ends[0]}, consent{ends[1]};
  const tools::supervisor supervisor;
  base::unique_fd pidfd;
  const auto pid = ipc::clone_process(options.namespaces, pidfd, SIGCHLD);
  if (!pid) throw tools::refusal{set_up_failed, clone_failure(options.namespaces, pid.error())};
  if (*pid == 0) {
    consent.reset();
    close_sync(options);
    ::_exit(guarded([&] { return begin(container, gate.get()); }));
  }
  gate.reset();
  const int outcome = guarded([&] {
    if (options.map) map_ids(pidfd.get(), *options.map);
    if (options.sync != -1) meet(options.sync, *pid);
    base::ignore_sigpipe();  // whoever is inside may have failed already
    const auto given = base::write_all(consent.get(), base::bytes_of("."));
    if (!given && given.error() != std::errc::broken_pipe)
      fail(set_up_failed, "pipe", given.error());
    return 0;
  });
  consent.reset();
  const int status = supervisor.wait({*pid})[0];
  return outcome != 0 ? outcome : status;
}

// Of ours a box is granted nothing.
tools::environment first_environment(const std::optional<sandbox::policy>& policy, char** envp) {
  if (!policy) return tools::environment_of(envp);
  return {policy->env.begin(), policy->env.end()};
}

int run(const options& options, char** envp) {
  std::vector<int> kept = options.kept;
  for (const int fd : {options.argument, options.sync})
    if (fd != -1) kept.push_back(fd);
  if (const int error = tools::keep_descriptors(std::move(kept)))
    fail(set_up_failed, "descriptors", base::system_error(error));
  const std::string script = read_script(options);
  std::optional<sandbox::policy> policy;
  if (!options.policy.empty()) policy = load_policy(options.policy);
  tools::environment environment = first_environment(policy, envp);
  for (const std::string& path : options.environment_files) read_environment(path, environment);
  container container{options, script, name_of(options), std::move(environment), std::move(policy)};
  if (options.namespaces != 0) return run_inside(container);
  if (options.sync != -1) {
    meet(options.sync, ::getpid());
    close_sync(options);
  }
  return enter(container);
}

int main(int argc, char** argv, char** envp) {
  if (!tools::start(tool_name)) return tools::failure;
  const auto options = parse_options(argc, argv);
  if (!options) return tools::finish(tool_name, options.error());
  return guarded([&] { return run(*options, envp); });
}

}  // namespace

const tools::tool tool{tool_name, main, describe};

}  // namespace emilua::initexec
