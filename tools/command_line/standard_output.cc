#include "tools/command_line/standard_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <system_error>

#include "tools/command_line/start.h"

namespace emilua::tools {
namespace {

const char* tool_name = "";
int failed_status = failure;
bool told = false;

void close_standard_output() {
  errno = 0;
  bool good = std::fflush(stdout) == 0;
  // Of what has failed before, nobody has kept the reason.
  if (good && std::ferror(stdout) != 0) {
    errno = EIO;
    good = false;
  }
  if (!good) std::_Exit(standard_output_failed());
}

}  // namespace

bool guard_standard_output(const char* tool, int failed) {
  tool_name = tool;
  failed_status = failed;
  if (::fcntl(STDOUT_FILENO, F_GETFD) == -1) std::signal(SIGPIPE, SIG_IGN);
  return std::atexit(close_standard_output) == 0;
}

void flush_standard_output() {
  if (std::fflush(stdout) != 0) std::_Exit(standard_output_failed());
}

int standard_output_failed() {
  const std::string reason = std::generic_category().message(errno);
  if (!told) complain(tool_name, "standard output: " + reason);
  told = true;
  return failed_status;
}

}  // namespace emilua::tools
