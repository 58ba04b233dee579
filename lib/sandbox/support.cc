#include "lib/sandbox/support.h"

#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "lib/ipc/process.h"
#include "lib/sandbox/cgroup.h"
#include "lib/sandbox/landlock.h"
#include "lib/sandbox/loopback.h"

namespace emilua::sandbox {
namespace {

// In the scratch process: whether the namespace is not only there but its own. Some systems let
// anybody make one, and then refuse what it is for. No malloc, no locks, no stdio.
int use_namespace(namespace_set kind) noexcept {
  switch (kind) {
    case CLONE_NEWNS:
      return ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == -1 ? errno : 0;
    case CLONE_NEWNET: {
      const auto up = bring_up_loopback();
      return up ? 0 : up.error().value();
    }
    case CLONE_NEWUTS:
      return ::syscall(SYS_sethostname, "probe", 5) == -1 ? errno : 0;
    default:
      return 0;
  }
}

// 0, or the errno that making or using the namespaces gave.
int try_namespaces(namespace_set flags, namespace_set kind) {
  base::unique_fd pidfd;
  const auto pid = ipc::clone_process(flags, pidfd, SIGCHLD);
  if (!pid) return pid.error().value();
  if (*pid == 0) {
    const int error = use_namespace(kind);
    for (;;) ::syscall(SYS_exit_group, error);
  }
  const auto ended = ipc::reap(pidfd.get());
  if (!ended) return ended.error().value();
  return ended->signal != 0 ? EIO : ended->code;
}

constexpr std::string_view all_controllers[] = {"memory", "pids", "cpu", "io"};

void examine_landlock(support& out) noexcept {
  if (const auto abi = landlock_abi())
    out.landlock_abi = *abi;
  else
    out.landlock_error = abi.error().value();
  out.thread_signals = landlock_threads_may_signal();
}

void examine_cgroups(support& out) {
  const auto own = own_cgroup();
  const auto leaf = own ? cgroup_leaf::make({}, *own)
                        : cgroup_result<cgroup_leaf>{cgroup_failure{"", own.error()}};
  if (leaf)
    out.controllers = usable_controllers(*own, ::getpid());
  else
    out.cgroup_error = leaf.error().code.value();
}

bool filters_work(int& error) noexcept {
  const std::uint32_t action = SECCOMP_RET_KILL_PROCESS;
  if (::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0) return true;
  error = errno;
  return false;
}

}  // namespace

int support::error_of(namespace_set kind) const noexcept {
  const auto kinds = namespace_kinds();
  for (std::size_t i = 0; i < kinds.size(); ++i)
    if (kinds[i].flag == kind) return namespace_errors[i];
  return EINVAL;
}

support probe() {
  support out = probe_in_place();
  examine_cgroups(out);
  const auto kinds = namespace_kinds();
  static_assert(sizeof out.namespace_errors / sizeof out.namespace_errors[0] == 8);
  const namespace_set user = try_namespaces(CLONE_NEWUSER, CLONE_NEWUSER) == 0 ? CLONE_NEWUSER : 0;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const int error = try_namespaces(user | kinds[i].flag, kinds[i].flag);
    out.namespace_errors[i] = error;
    if (error == 0) out.namespaces |= kinds[i].flag;
  }
  return out;
}

support probe_in_place() noexcept {
  support out;
  examine_landlock(out);
  out.filters = filters_work(out.filter_error);
  return out;
}

support all_supported() noexcept {
  support out;
  for (const named_namespace& kind : namespace_kinds()) out.namespaces |= kind.flag;
  examine_landlock(out);
  out.filters = true;
  out.controllers.assign(std::begin(all_controllers), std::end(all_controllers));
  return out;
}

std::string remedy_for_namespace(namespace_set kind, int error) {
  if (error == ENOSPC)
    return "raise the sysctl user.max_*_namespaces, one of which is used up or 0";
  if (error == EPERM && kind == CLONE_NEWUSER)
    return "allow user namespaces: sysctl kernel.unprivileged_userns_clone=1, or "
           "kernel.apparmor_restrict_unprivileged_userns=0, or a container runtime's option";
  if (error == EPERM) return "allow user namespaces, or start it with CAP_SYS_ADMIN";
  if (error == ENOSYS || error == EINVAL) return "a kernel built with this kind of namespace";
  return "";
}

std::string remedy_for_landlock(int error) {
  if (error == ENOSYS) return "Linux 5.13 or later, built with CONFIG_SECURITY_LANDLOCK";
  if (error == EOPNOTSUPP) return "add landlock to the kernel's command line: lsm=landlock,…";
  return "";
}

}  // namespace emilua::sandbox
