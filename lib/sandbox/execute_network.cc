#include "lib/sandbox/execute_network.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#include "lib/base/error.h"
#include "lib/base/unique_fd.h"

namespace emilua::sandbox {
namespace {

// errno and what sanitizers keep are those of the process beside which this runs: it uses neither.
#define EMILUA_BESIDE __attribute__((no_sanitize("address", "thread", "undefined")))

#if defined(__x86_64__)
EMILUA_BESIDE inline long bare_syscall(long number, long a1, long a2 = 0, long a3 = 0,
                                       long a4 = 0) noexcept {
  long result;
  register long r10 asm("r10") = a4;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a1), "S"(a2), "d"(a3), "r"(r10)
               : "rcx", "r11", "memory");
  return result;
}
constexpr bool can_run_beside = true;
#elif defined(__aarch64__)
EMILUA_BESIDE inline long bare_syscall(long number, long a1, long a2 = 0, long a3 = 0,
                                       long a4 = 0) noexcept {
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = a1;
  register long x1 asm("x1") = a2;
  register long x2 asm("x2") = a3;
  register long x3 asm("x3") = a4;
  asm volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
  return x0;
}
constexpr bool can_run_beside = true;
#else
inline long bare_syscall(long, long, long = 0, long = 0, long = 0) noexcept { return -ENOSYS; }
constexpr bool can_run_beside = false;
#endif

// In two parts: by the time that the namespace is there, /proc may be out of reach.
constexpr char own_namespaces[] = "/proc/self/ns", network[] = "net";

}  // namespace

EMILUA_BESIDE int network_maker::make(void* self) noexcept {
  const long directory = bare_syscall(SYS_openat, AT_FDCWD, reinterpret_cast<long>(own_namespaces),
                                      O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return 1;
  if (bare_syscall(SYS_unshare, CLONE_NEWNET) == 0)
    static_cast<network_maker*>(self)->made_ = static_cast<int>(
        bare_syscall(SYS_openat, directory, reinterpret_cast<long>(network), O_RDONLY | O_CLOEXEC));
  bare_syscall(SYS_close, directory);
  return 0;
}

void network_maker::begin() noexcept {
  alignas(16) static std::byte stack[16 * 1024];
  if (can_run_beside) maker_ = ::clone(make, stack + sizeof stack, CLONE_VM | CLONE_FILES, this);
}

int network_maker::enter() noexcept {
  // Its end is no signal, so nobody else reaps it.
  if (maker_ != -1) {
    const pid_t ended = base::retry([&] { return ::waitpid(maker_, nullptr, __WALL); });
    if (ended == -1) return errno;
    maker_ = -1;
  }
  const base::unique_fd made{made_ < 0 ? -1 : made_};
  made_ = -1;
  if (made && ::setns(made.get(), CLONE_NEWNET) == 0) return 0;
  return ::unshare(CLONE_NEWNET) == 0 ? 0 : errno;
}

}  // namespace emilua::sandbox
