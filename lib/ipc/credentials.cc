#include "lib/ipc/credentials.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/ipc/all_threads.h"

namespace emilua::ipc {
namespace {

long prctl_on_all_threads(long option, long argument = 0, long capability = 0) noexcept {
  return syscall_on_all_threads(SYS_prctl, option, argument, capability);
}

long set_capabilities(const std::array<std::uint32_t, 6>& v) noexcept {
  // Of each thread itself: pid 0.
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const __user_cap_data_struct sets[2] = {{v[0], v[1], v[2]}, {v[3], v[4], v[5]}};
  return syscall_on_all_threads(SYS_capset, reinterpret_cast<long>(&header),
                                reinterpret_cast<long>(&sets));
}

long make(const credential_change& change) noexcept {
  const auto& v = change.values;
  switch (change.what) {
    case credential_kind::user_ids:  // the C library sees to all threads
      return ::setresuid(v[0], v[1], v[2]);
    case credential_kind::group_ids:
      return ::setresgid(v[0], v[1], v[2]);
    case credential_kind::groups:
      return ::setgroups(change.groups.size(), change.groups.data());
    case credential_kind::capabilities:
      return set_capabilities(v);
    case credential_kind::drop_bound:
      return prctl_on_all_threads(PR_CAPBSET_DROP, v[0]);
    case credential_kind::raise_ambient:
      return prctl_on_all_threads(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, v[0]);
    case credential_kind::lower_ambient:
      return prctl_on_all_threads(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, v[0]);
    case credential_kind::reset_ambient:
      return prctl_on_all_threads(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL);
    case credential_kind::securebits:
      return prctl_on_all_threads(PR_SET_SECUREBITS, v[0]);
    case credential_kind::working_directory:  // these two are the same for all threads
      return ::fchdir(change.directory);
    case credential_kind::file_mask:
      return static_cast<long>(::umask(v[0]));
  }
  errno = EINVAL;
  return -1;
}

}  // namespace

base::result<> apply(const credential_change& change) noexcept {
  if (make(change) == -1) return base::last_error();
  return {};
}

}  // namespace emilua::ipc
