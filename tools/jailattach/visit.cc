#include "tools/jailattach/visit.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>

#include "lib/base/error.h"
#include "lib/base/exec_list.h"
#include "lib/base/file.h"
#include "lib/base/signals.h"
#include "lib/init/init_script.h"
#include "lib/sandbox/execute_rights.h"
#include "lib/sandbox/landlock.h"
#include "tools/command_line/start.h"
#include "tools/jailattach/modules.h"

namespace emilua::jailattach {
namespace {

constexpr const char* tool_name = "jailattach";
constexpr int set_up_failed = 125;
constexpr std::size_t script_memory = std::size_t{64} << 20;

[[noreturn]] void fail(const std::string& what, std::error_code error) {
  throw tools::refusal{set_up_failed, what + ": " + error.message()};
}

void check(int result, const std::string& what) {
  if (result == -1) fail(what, base::last_error());
}

void enter_root(const visit& v) {
  // Whoever joins a mount namespace is in its root directory already.
  if (v.where.root) {
    check(::fchdir(v.where.root.get()), "--root");
    check(::chroot("."), "--root");
  }
  check(::chdir(v.what.directory.c_str()), "--cwd: " + v.what.directory);
}

// Our groups are nobody's inside. Where setgroups(2) is denied they cannot be dropped: the
// container's maker has them, too.
void drop_groups(const visit& v) {
  if (::setgroups(0, nullptr) == -1 && !(errno == EPERM && v.where.has_other_users()))
    fail("--user: setgroups", base::last_error());
}

void become_user(const visit& v) {
  if (v.what.uid) {
    drop_groups(v);
    const std::string uid = std::to_string(*v.what.uid), gid = std::to_string(v.what.gid);
    check(::setresgid(v.what.gid, v.what.gid, v.what.gid), "--user: gid " + gid);
    check(::setresuid(*v.what.uid, *v.what.uid, *v.what.uid), "--user: uid " + uid);
  } else if (v.where.has_other_users()) {
    drop_groups(v);
    // Root inside. EINVAL: there is none, and we stay whoever we are there.
    if (::setresgid(0, 0, 0) == -1 && errno != EINVAL) fail("gid 0", base::last_error());
    if (::setresuid(0, 0, 0) == -1 && errno != EINVAL) fail("uid 0", base::last_error());
  }
}

void drop_capabilities() {
  // Who has no CAP_SETPCAP cannot narrow the bounding set; without new privileges it gives nothing.
  if (sandbox::limit_capabilities(0, true) != 0)
    if (const int error = sandbox::limit_capabilities(0, false); error != 0)
      fail("--no-caps", base::system_error(error));
  if (const auto set = sandbox::set_no_new_privs(); !set) fail("--no-caps", set.error());
}

[[noreturn]] void report_and_exit(std::string_view message) {
  tools::complain(tool_name, "script: " + std::string{init::plain_message(message)});
  ::_exit(tools::failure);
}

// Killed with its maker, who may have gone before this was armed: in another pid namespace
// getppid(2) would not tell.
void die_with_maker(const visit& v) {
  check(::prctl(PR_SET_PDEATHSIG, SIGKILL), "PR_SET_PDEATHSIG");
  pollfd maker{.fd = v.maker.get(), .events = POLLIN, .revents = 0};
  if (base::retry([&] { return ::poll(&maker, 1, 0); }) != 0) ::_exit(set_up_failed);
}

int execute(const visit& v) {
  if (v.what.from_image) return tools::execute(tool_name, v.what.program, v.what.environment);
  const std::vector<std::string> texts = tools::entries(v.what.environment);
  ::syscall(SYS_execveat, v.program.get(), "", base::exec_list(v.what.program).data(),
            base::exec_list(texts).data(), AT_EMPTY_PATH);
  throw tools::refusal{tools::not_executable,
                       "exec: " + v.what.program[0] + ": " + base::last_error().message()};
}

}  // namespace

int go_in(visit& v) {
  // Without our terminal as its controlling one, nothing can be typed into that.
  check(::setsid(), "setsid");
  base::reset_signal_dispositions();
  base::unblock_all_signals();
  join_groups(v.where);
  enter_root(v);
  become_user(v);
  if (v.what.no_capabilities) drop_capabilities();
  die_with_maker(v);  // not before: changing the ids would disarm it
  if (const int error = tools::keep_descriptors(v.program ? std::vector<int>{v.program.get()}
                                                          : std::vector<int>{}))
    fail("descriptors", base::system_error(error));
  ::clearenv();
  if (v.what.script || v.what.chunk)
    init::run_init_script({.script = v.script,
                           .name = v.script_name.c_str(),
                           .memory = script_memory,
                           .keep_stack = true,
                           .output_matters = true,
                           .prepare = add_modules,
                           .fatal = report_and_exit});
  if (v.what.program.empty()) return 0;
  if (const auto marked = base::close_on_exec_from(3); !marked) fail("descriptors", marked.error());
  return execute(v);
}

}  // namespace emilua::jailattach
