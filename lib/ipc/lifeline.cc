// Runs in the helper too: no malloc, no locks, no stdio, no exceptions.
#include "lib/ipc/lifeline.h"

#include <sys/socket.h>

#include <cerrno>

namespace emilua::ipc {
namespace {

constexpr char release_byte = 'r';

}  // namespace

base::result<lifeline> make_lifeline() noexcept {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == -1)
    return base::last_error();
  return lifeline{base::unique_fd{ends[0]}, base::unique_fd{ends[1]}};
}

base::result<std::optional<exit_status>> read_status(int creator) noexcept {
  exit_status status;
  const ssize_t n =
      base::retry([&] { return ::recv(creator, &status, sizeof status, MSG_DONTWAIT); });
  if (n == sizeof status) return std::optional{status};
  if (n == -1 && errno == EAGAIN) return std::optional<exit_status>{};
  return base::system_error(ECHILD);
}

void release_child(int creator) noexcept {
  // The only failure is that nobody is there who would end the child.
  static_cast<void>(::send(creator, &release_byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL));
}

wish read_wish(int helper) noexcept {
  char byte = 0;
  const ssize_t n = base::retry([&] { return ::recv(helper, &byte, 1, MSG_DONTWAIT); });
  if (n == 1 && byte == release_byte) return wish::release;
  return n == -1 && errno == EAGAIN ? wish::nothing : wish::end;
}

void report_status(int helper, const exit_status& status) noexcept {
  // The creator may not be interested any more.
  static_cast<void>(::send(helper, &status, sizeof status, MSG_DONTWAIT | MSG_NOSIGNAL));
}

}  // namespace emilua::ipc
