// Runs between clone and exec: no malloc, no locks, no stdio, no exceptions.
#include "lib/sandbox/execute_rights.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace emilua::sandbox {
namespace {

constexpr unsigned most = 64;  // the sets are as wide

bool is_kept(std::uint64_t kept, unsigned capability) noexcept {
  return ((kept >> capability) & 1) != 0;
}

int shrink_bounding_set(std::uint64_t kept, system_caller call) noexcept {
  for (unsigned i = 0; i < most; ++i) {
    if (is_kept(kept, i) || call(SYS_prctl, PR_CAPBSET_DROP, i, 0, 0, 0, 0) == 0) continue;
    const int error = errno;
    // What is gone already takes no right to give it up.
    const int there = ::prctl(PR_CAPBSET_READ, i, 0, 0, 0);
    if (there == -1 && errno == EINVAL) return 0;  // past the last
    if (there != 0) return error;
  }
  return 0;
}

}  // namespace

long call_here(long number, long a1, long a2, long a3, long a4, long a5, long a6) noexcept {
  return ::syscall(number, a1, a2, a3, a4, a5, a6);
}

int limit_capabilities(std::uint64_t kept, bool bounding, system_caller call) noexcept {
  if (bounding) {
    if (const int error = shrink_bounding_set(kept, call); error != 0) return error;
  }
  // EINVAL: a kernel that has none. With the bits locked there are none either.
  if (call(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0, 0) == -1 &&
      errno != EINVAL)
    return errno;
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[2];
  for (unsigned i = 0; i < 2; ++i) {
    const auto word = static_cast<std::uint32_t>(kept >> (32 * i));
    data[i] = {.effective = word, .permitted = word, .inheritable = word};
  }
  if (call(SYS_capset, reinterpret_cast<long>(&header), reinterpret_cast<long>(data), 0, 0, 0, 0) ==
      -1)
    return errno;
  for (unsigned i = 0; i < most; ++i) {
    if (is_kept(kept, i) && call(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0, 0) == -1)
      return errno;
  }
  return 0;
}

int lock_securebits(system_caller call) noexcept {
  constexpr long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                        SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
                        SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
  if (::prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) == bits) return 0;
  return call(SYS_prctl, PR_SET_SECUREBITS, bits, 0, 0, 0, 0) == -1 ? errno : 0;
}

}  // namespace emilua::sandbox
