// The programs that a tool runs: executed in its place, or looked after until they end.
//
//   tools::supervisor supervisor;                    // from here on signals are passed on
//   const pid_t pid = ::fork();
//   if (pid == 0) {
//     supervisor.release();
//     ::_exit(tools::execute("fdpass", {"ls", "-l"}, environment));
//   }
//   return supervisor.wait({pid}, …)[0];
//
// Source: credentials(7), signal(7), sigwaitinfo(2), waitpid(2).
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

namespace emilua::tools {

using environment = std::vector<std::pair<std::string, std::string>>;

[[nodiscard]] environment environment_of(char** envp);
// Changes or adds a variable.
void set(environment& variables, const std::string& name, std::string value);

[[nodiscard]] std::vector<std::string> entries(const environment& variables);

// As a shell does: by PATH of this process, unless there is a slash in the name. Returns only if it
// has failed: after a complaint, the status 126 or 127.
[[nodiscard]] int execute(const char* tool, const std::vector<std::string>& program,
                          const environment& variables);

class supervisor;

// The same in a child, with the signal mask of before the supervisor. Throws refusal if it has
// failed, with that status.
[[nodiscard]] pid_t start(const supervisor& supervisor, const std::vector<std::string>& program,
                          const environment& variables);

// Moves the descriptors to the numbers from 3 on, where the program will have them, and marks all
// above close-on-exec. Takes them over. Returns 0 or errno.
[[nodiscard]] int place_descriptors(std::vector<int> fds);

// Closes all descriptors but the standard ones and these. Returns 0 or errno.
[[nodiscard]] int keep_descriptors(std::vector<int> kept);

// Passes SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT and SIGTSTP on to
// the children, and stops with them. What the terminal has sent to all of its foreground group goes
// on only to children that are elsewhere.
class supervisor {
 public:
  supervisor() noexcept;  // blocks these signals, and SIGCHLD
  supervisor(const supervisor&) = delete;
  supervisor& operator=(const supervisor&) = delete;

  // In a child: the mask of before.
  void release() const noexcept;
  [[nodiscard]] const sigset_t& mask_before() const noexcept { return before_; }

  // Reaps every child that ends, adopted ones too, until all of these have. Their statuses: the
  // exit code, or 128 + the signal that has killed it.
  [[nodiscard]] std::vector<int> wait(const std::vector<pid_t>& children) const;

 private:
  void pass_on(const siginfo_t& info, const std::vector<pid_t>& living) const noexcept;

  sigset_t signals_, before_;
};

}  // namespace emilua::tools
