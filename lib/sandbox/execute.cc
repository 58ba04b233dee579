// Runs between clone and exec: no malloc, no locks, no stdio, no exceptions.
#include "lib/sandbox/execute.h"

#include <fcntl.h>
#include <linux/securebits.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/unique_fd.h"
#include "lib/ipc/first_process.h"
#include "lib/sandbox/execute_mounts.h"
#include "lib/sandbox/execute_network.h"
#include "lib/sandbox/execute_rights.h"
#include "lib/sandbox/landlock.h"
#include "lib/sandbox/loopback.h"
#include "lib/sandbox/seccomp_install.h"

namespace emilua::sandbox {
namespace {

int error_of(const base::result<>& result) noexcept { return result ? 0 : result.error().value(); }

int done(long status) noexcept { return status == -1 ? errno : 0; }

int write_file(const compiled_step& s) noexcept {
  const base::unique_fd fd{::open(s.path, O_WRONLY | O_CLOEXEC)};
  if (!fd) return errno;
  // In one write: the kernel takes a map of ids no other way.
  const ssize_t n = base::retry([&] { return ::write(fd.get(), s.data.data(), s.data.size()); });
  if (n == -1) return errno;
  return static_cast<std::size_t>(n) == s.data.size() ? 0 : EIO;
}

class executor {
 public:
  executor(const compiled_plan& plan, const whole& who, const sequel* next = nullptr) noexcept
      : plan_(plan), who_(who), sequel_(next) {}
  executor(const executor&) = delete;

  std::optional<step_failure> run() noexcept {
    for (; step_ < plan_.size(); ++step_) {
      if (const int error = take(plan_[step_]); error != 0)
        return step_failure{static_cast<std::uint32_t>(step_), error};
    }
    if (umask_ != unchanged) ::umask(umask_);
    return std::nullopt;
  }

 private:
  // 0, or errno.
  int take(const compiled_step& s) noexcept {
    switch (s.kind) {
      case step_kind::join_cgroup:
        return join_cgroup(s.number);
      case step_kind::arm_death_signal:
        return done(::prctl(PR_SET_PDEATHSIG, SIGKILL));
      case step_kind::new_session:
        return done(::syscall(SYS_setsid));
      case step_kind::take_terminal:
        return done(::ioctl(0, TIOCSCTTY, 0));
      case step_kind::lead_terminal:
        return lead_terminal();
      case step_kind::await_maps:
        return await_maps();
      case step_kind::write_file:
        return write_file(s);
      case step_kind::begin_network:
        network_.begin();
        return 0;
      case step_kind::enter_network:
        return network_.enter();
      case step_kind::raise_loopback:
        return error_of(bring_up_loopback());
      case step_kind::set_priority:
        return done(::syscall(SYS_setpriority, PRIO_PROCESS, 0, static_cast<int>(s.number)));
      case step_kind::private_mounts:
      case step_kind::make_root:
      case step_kind::clone_root:
      case step_kind::open_root:
      case step_kind::make_directories:
      case step_kind::make_file:
      case step_kind::copy_file:
      case step_kind::make_symlink:
      case step_kind::mount_type:
      case step_kind::bind:
      case step_kind::bind_descriptor:
      case step_kind::change_mount:
      case step_kind::enter_root:
        // Files are to have the modes that the plan says.
        if (umask_ == unchanged) umask_ = ::umask(0);
        return take_mount_step(s, root_, who_.sources);
      case step_kind::close_sources:
        for (const int fd : who_.sources) ::close(fd);
        return 0;
      case step_kind::change_directory:
        return done(::chdir(s.path));
      case step_kind::set_hostname:
        return done(::syscall(SYS_sethostname, s.data.data(), s.data.size()));
      case step_kind::set_umask:
        umask_ = static_cast<mode_t>(s.number);
        return 0;
      case step_kind::set_limit:
        return set_limit(s);
      case step_kind::set_groups:
        return done(::syscall(SYS_setgroups, s.data.size() / sizeof(gid_t), s.data.data()));
      case step_kind::set_gid:
        return done(::syscall(SYS_setresgid, s.number, s.number, s.number));
      case step_kind::set_uid:
        return set_uid(s.number);
      case step_kind::limit_capabilities:
        return limit_capabilities(s.number, s.number2 != 0, who_.call);
      case step_kind::lock_securebits:
        return lock_securebits(who_.call);
      case step_kind::forbid_dumps:
        return done(::prctl(PR_SET_DUMPABLE, 0));
      case step_kind::forbid_privileges:
        return done(who_.call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0));
      case step_kind::create_ruleset:
        return create_ruleset(s);
      case step_kind::allow_path:
        return allow_path(s);
      case step_kind::allow_descriptor:
        return allow(static_cast<int>(s.number2), s.number);
      case step_kind::allow_port:
        return error_of(
            landlock_allow_port(ruleset_.get(), static_cast<std::uint16_t>(s.number), s.number2));
      case step_kind::enforce_ruleset:
        return enforce_ruleset();
      case step_kind::split_first_process:
        return split_first_process();
      case step_kind::install_filter:
        set_own_pid(s.data, ::getpid());
        return error_of(install_filter(s.data, who_.filters));
    }
    return EINVAL;
  }

  int split_first_process() noexcept {
    if (sequel_ == nullptr) return done(ipc::split_first_process(who_.news));
    const auto go_on = [](void* self) noexcept {
      executor& that = *static_cast<executor*>(self);
      ++that.step_;
      that.sequel_->then(that.sequel_->self, that.run());
    };
    return done(ipc::split_first_process(who_.news, go_on, this));
  }

  // `own`: CLONE_NEWCGROUP, or 0.
  [[nodiscard]] int join_cgroup(std::uint64_t own) const noexcept {
    const int error = done(base::retry([&] { return ::write(who_.cgroup, "0", 1); }));
    return error != 0 || own == 0 ? error : done(::syscall(SYS_unshare, own));
  }

  // To no more than it is: that would want a capability.
  static int set_limit(const compiled_step& s) noexcept {
    const auto resource = static_cast<__rlimit_resource>(s.number);
    rlimit limit{};
    if (::getrlimit(resource, &limit) == -1) return errno;
    const rlim_t value = std::min<rlim_t>(s.number2, limit.rlim_max);
    // Whoever has it already may be in a box that lets nobody change limits.
    if (limit.rlim_cur == value && limit.rlim_max == value) return 0;
    limit = {value, value};
    return done(::setrlimit(resource, &limit));
  }

  // No message: the host is gone.
  int await_maps() const noexcept {
    box_message message{};
    const ssize_t n = base::retry([&] { return ::recv(who_.host, &message, sizeof message, 0); });
    if (n == -1) return errno;
    return n == sizeof message && message.what == box_message::kind::mapped ? 0 : ECONNRESET;
  }

  // Without losing the capabilities that later steps need, and take away.
  static int set_uid(std::uint64_t uid) noexcept {
    const int bits = ::prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
    if (bits == -1) return errno;
    if (::prctl(PR_SET_SECUREBITS, bits | SECBIT_NO_SETUID_FIXUP, 0, 0, 0) == -1) return errno;
    if (::syscall(SYS_setresuid, uid, uid, uid) == -1) return errno;
    return done(::prctl(PR_SET_SECUREBITS, bits, 0, 0, 0));
  }

  static int lead_terminal() noexcept {
    if (::setpgid(0, 0) == -1) return errno;
    // Whoever is not the foreground yet is stopped for this, unless it blocks the signal.
    sigset_t stop, before;
    ::sigemptyset(&stop);
    ::sigaddset(&stop, SIGTTOU);
    ::sigprocmask(SIG_BLOCK, &stop, &before);
    const int error = done(::tcsetpgrp(0, ::getpid()));
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    return error;
  }

  int create_ruleset(const compiled_step& s) noexcept {
    auto made = landlock_create_ruleset({.fs = s.number, .net = s.number2, .scoped = s.number3});
    if (!made) return made.error().value();
    ruleset_ = std::move(*made);
    return 0;
  }

  int allow_path(const compiled_step& s) noexcept {
    const base::unique_fd fd{::open(s.path, O_PATH | O_CLOEXEC)};
    if (!fd) return errno == ENOENT && (s.flags & step_optional) ? 0 : errno;
    return allow(fd.get(), s.number);
  }

  // Directories have rights that a file cannot have.
  int allow(int fd, access_rights rights) noexcept {
    struct stat status {};
    if (::fstat(fd, &status) == -1) return errno;
    if (!S_ISDIR(status.st_mode)) rights &= file_rights();
    if (rights == 0) return 0;
    return error_of(landlock_allow_path(ruleset_.get(), fd, rights));
  }

  static access_rights file_rights() noexcept {
    access_rights rights = 0;
    for (const char* name : {"execute", "write_file", "read_file", "truncate", "ioctl_dev"})
      rights |= fs_right(name).value_or(0);
    return rights;
  }

  int enforce_ruleset() noexcept {
    const int error = done(who_.call(SYS_landlock_restrict_self, ruleset_.get(), 0, 0, 0, 0, 0));
    ruleset_.reset();
    return error;
  }

  static constexpr mode_t unchanged = ~mode_t{0};

  const compiled_plan& plan_;
  const whole& who_;
  const sequel* const sequel_;
  std::size_t step_ = 0;
  mode_t umask_ = unchanged;  // of whatever runs later
  base::unique_fd root_, ruleset_;
  network_maker network_;
};

}  // namespace

bool tell(int socket, const box_message& message) noexcept {
  return base::retry([&] { return ::send(socket, &message, sizeof message, MSG_NOSIGNAL); }) ==
         sizeof message;
}

std::optional<step_failure> execute(const compiled_plan& plan, const whole& who) noexcept {
  return executor{plan, who}.run();
}

void execute(const compiled_plan& plan, const whole& who, const sequel& next) noexcept {
  executor executor{plan, who, &next};
  next.then(next.self, executor.run());
  for (;;) ::_exit(125);
}

}  // namespace emilua::sandbox
