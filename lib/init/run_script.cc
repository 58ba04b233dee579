#include "lib/init/run_script.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "lib/base/bytes.h"
#include "lib/base/file.h"
#include "lib/base/unique_fd.h"
#include "lib/base/wait_status.h"
#include "lib/init/init_script.h"

namespace emilua::init {
namespace {

int report_fd = -1;  // of the child: `fatal` takes no context

void report_and_exit(std::string_view message) {
  (void)base::write_all(report_fd, base::bytes_of(message));
  ::_exit(1);
}

// The id only where the namespace maps one; without capabilities root is an ordinary user here,
// too.
bool drop_privileges() {
  if (::setresuid(65534, 65534, 65534) == -1 && errno != EINVAL && errno != EPERM) return false;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2] = {};
  return ::syscall(SYS_capset, &header, none) == 0;
}

[[noreturn]] void child(std::string_view script, const conditions& where, int report) {
  report_fd = report;
  (void)::signal(SIGPIPE, SIG_DFL);  // as init.script has it; the test's own parent may ignore it
  if (where.unprivileged && !drop_privileges()) ::_exit(77);
  run_init_script({.script = script, .argument = where.argument, .fatal = report_and_exit});
  ::_exit(0);
}

}  // namespace

outcome run_script(std::string_view script, const conditions& where) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) == -1) std::abort();
  base::unique_fd reader{ends[0]};
  base::unique_fd writer{ends[1]};
  (void)std::fflush(nullptr);
  const pid_t pid = ::fork();
  if (pid == -1) std::abort();
  if (pid == 0) child(script, where, writer.get());
  writer.reset();
  auto message = base::read_all(reader.get(), std::size_t{1} << 21);
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid || !message) std::abort();
  return {base::exit_code(status), *std::move(message)};
}

std::ostream& operator<<(std::ostream& out, const outcome& value) {
  return out << "status " << value.status << ", \"" << value.message << '"';
}

bool must_work() { return std::getenv("EMILUA_MUST_WORK") != nullptr; }

}  // namespace emilua::init
