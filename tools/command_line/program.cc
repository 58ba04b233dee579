#include "tools/command_line/program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "lib/base/error.h"
#include "lib/base/exec_list.h"
#include "lib/base/file.h"
#include "lib/base/wait_status.h"
#include "tools/command_line/start.h"

namespace emilua::tools {

environment environment_of(char** envp) {
  environment out;
  for (; envp != nullptr && *envp != nullptr; ++envp) {
    const std::string_view entry = *envp;
    const std::size_t equals = entry.find('=');
    if (equals != entry.npos) out.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return out;
}

void set(environment& variables, const std::string& name, std::string value) {
  for (auto& [key, old] : variables)
    if (key == name) {
      old = std::move(value);
      return;
    }
  variables.emplace_back(name, std::move(value));
}

std::vector<std::string> entries(const environment& variables) {
  std::vector<std::string> out;
  out.reserve(variables.size());
  for (const auto& [name, value] : variables) out.push_back(name + "=" + value);
  return out;
}

namespace {

// The C library looks for programs by the PATH of its own environment: that is the program's now.
struct prepared_program {
  prepared_program(const std::vector<std::string>& program, const environment& variables)
      : texts(entries(variables)),
        entry_pointers(base::exec_list(texts)),
        arguments(base::exec_list(program)) {
    environ = entry_pointers.data();
  }
  ~prepared_program() { ::clearenv(); }
  prepared_program(const prepared_program&) = delete;
  prepared_program& operator=(const prepared_program&) = delete;

  std::vector<std::string> texts;
  std::vector<char*> entry_pointers, arguments;
};

refusal exec_failure(const std::string& program, std::error_code error) {
  return {error == std::errc::no_such_file_or_directory ? not_found : not_executable,
          "exec: " + program + ": " + error.message()};
}

}  // namespace

int execute(const char* tool, const std::vector<std::string>& program,
            const environment& variables) {
  const prepared_program ready{program, variables};
  ::execvp(program[0].c_str(), ready.arguments.data());
  const refusal failed = exec_failure(program[0], base::last_error());
  complain(tool, failed.what);
  return failed.status;
}

pid_t start(const supervisor& supervisor, const std::vector<std::string>& program,
            const environment& variables) {
  const prepared_program ready{program, variables};
  posix_spawnattr_t attributes;
  if (const int error = ::posix_spawnattr_init(&attributes); error != 0)
    throw exec_failure(program[0], base::system_error(error));
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  ::posix_spawnattr_setsigmask(&attributes, &supervisor.mask_before());
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, program[0].c_str(), nullptr, &attributes,
                                   ready.arguments.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0) throw exec_failure(program[0], base::system_error(error));
  return pid;
}

int place_descriptors(std::vector<int> fds) {
  const auto end = static_cast<int>(3 + fds.size());
  // First out of the way, so that none is overwritten before it is in its place.
  for (int& fd : fds) {
    const int lifted = ::fcntl(fd, F_DUPFD_CLOEXEC, end);
    if (lifted == -1) return errno;
    ::close(fd);
    fd = lifted;
  }
  for (int i = 3; i < end; ++i)
    if (::dup3(fds[static_cast<std::size_t>(i - 3)], i, 0) == -1) return errno;
  const auto marked = base::close_on_exec_from(static_cast<unsigned>(end));
  return marked ? 0 : marked.error().value();
}

int keep_descriptors(std::vector<int> kept) {
  std::ranges::sort(kept);
  unsigned first = 3;
  for (const int fd : kept) {
    const auto number = static_cast<unsigned>(fd);
    if (number > first && ::syscall(SYS_close_range, first, number - 1, 0) == -1) return errno;
    first = std::max(first, number + 1);
  }
  const auto closed = base::close_from(first);
  return closed ? 0 : closed.error().value();
}

supervisor::supervisor() noexcept {
  ::sigemptyset(&signals_);
  for (const int signal :
       {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT, SIGTSTP})
    ::sigaddset(&signals_, signal);
  ::sigprocmask(SIG_BLOCK, &signals_, &before_);
  // Whoever ignored it would never see a child's end; neither may the programs.
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &standard, nullptr);
}

void supervisor::release() const noexcept { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

void supervisor::pass_on(const siginfo_t& info, const std::vector<pid_t>& living) const noexcept {
  for (const pid_t child : living)
    if (info.si_code != SI_KERNEL || ::getpgid(child) != ::getpgrp()) ::kill(child, info.si_signo);
  if (info.si_signo != SIGTSTP) return;
  ::kill(::getpid(), SIGSTOP);  // process 1 is none that can be stopped, and goes on at once
}

std::vector<int> supervisor::wait(const std::vector<pid_t>& children) const {
  std::vector<int> statuses(children.size());
  std::vector<pid_t> living = children;
  for (;;) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid > 0) {
      const auto it = std::ranges::find(children, pid);
      if (it == children.end()) continue;
      statuses[static_cast<std::size_t>(it - children.begin())] = base::exit_code(status);
      std::erase(living, pid);
      if (living.empty()) return statuses;
      continue;
    }
    siginfo_t info;
    const int signal = base::retry([&] { return ::sigwaitinfo(&signals_, &info); });
    if (signal != SIGCHLD) pass_on(info, living);
  }
}

}  // namespace emilua::tools
