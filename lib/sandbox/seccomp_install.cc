// Runs between clone and ready: no malloc, no locks, no stdio, no exceptions.
#include "lib/sandbox/seccomp_install.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

namespace emilua::sandbox {
namespace {

base::result<int> set_mode_filter(base::byte_view program, unsigned flags) noexcept {
  const std::size_t count = program.size() / sizeof(sock_filter);
  if (program.size() % sizeof(sock_filter) != 0 || count > BPF_MAXINSNS)
    return base::system_error(EINVAL);
  // The kernel copies the array; it asks for no alignment and writes nothing.
  void* const code = const_cast<std::byte*>(program.data());
  const sock_fprog filter{static_cast<unsigned short>(count), static_cast<sock_filter*>(code)};
  const long status = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
  if (status == -1) return base::last_error();
  return static_cast<int>(status);
}

}  // namespace

base::result<> install_filter(base::byte_view program, filter_scope scope) noexcept {
  const unsigned flags = scope == filter_scope::all_threads ? SECCOMP_FILTER_FLAG_TSYNC : 0;
  const auto status = set_mode_filter(program, flags);
  if (!status) return status.error();
  if (*status > 0) return base::system_error(ESRCH);  // the thread that has a filter of its own
  return {};
}

base::result<base::unique_fd> install_notifying_filter(base::byte_view program) noexcept {
  const auto listener = set_mode_filter(program, SECCOMP_FILTER_FLAG_NEW_LISTENER);
  if (!listener) return listener.error();
  return base::unique_fd{*listener};  // the kernel makes it close-on-exec
}

void set_own_pid(std::span<std::byte> program, pid_t self) noexcept {
  for (std::size_t at = 0; at + sizeof(sock_filter) <= program.size(); at += sizeof(sock_filter)) {
    sock_filter instruction;
    std::memcpy(&instruction, &program[at], sizeof instruction);
    if (instruction.code != (BPF_JMP | BPF_JEQ | BPF_K) || instruction.k != own_pid_mark) continue;
    instruction.k = static_cast<std::uint32_t>(self);
    std::memcpy(&program[at], &instruction, sizeof instruction);
  }
}

}  // namespace emilua::sandbox
