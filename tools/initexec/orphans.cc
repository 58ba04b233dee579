#include "tools/initexec/orphans.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <string>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "tools/command_line/start.h"
#include "tools/command_line/values.h"

namespace emilua::initexec {
namespace {

void kill_children() {
  const std::string path = "/proc/self/task/" + std::to_string(::getpid()) + "/children";
  const auto text = base::read_file(path.c_str(), std::size_t{16} << 20);
  if (!text)
    throw tools::refusal{tools::failure,
                         "--kill-all-on-exit: " + path + ": " + text.error().message()};
  for (const std::string& word : tools::split(*text, ' ')) {
    pid_t pid = 0;
    std::from_chars(word.data(), word.data() + word.size(), pid);
    if (pid > 0) ::kill(pid, SIGKILL);
  }
}

}  // namespace

void kill_orphans() {
  do {
    // Whoever dies may leave children, which then are ours.
    if (::getpid() == 1)
      ::kill(-1, SIGKILL);
    else
      kill_children();
  } while (base::retry([] { return ::waitpid(-1, nullptr, 0); }) != -1);
}

}  // namespace emilua::initexec
