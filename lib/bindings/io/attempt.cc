#include "lib/bindings/io/attempt.h"

#include <limits.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "lib/base/error.h"
#include "lib/base/file.h"

namespace emilua::bindings {
namespace {

bool is_ready(int fd, direction which) noexcept {
  pollfd p{.fd = fd,
           .events = static_cast<short>(which == direction::read ? POLLIN : POLLOUT),
           .revents = 0};
  return base::retry([&] { return ::poll(&p, 1, 0); }) > 0;
}

ssize_t transfer(int fd, const io_request& request, int flags) noexcept {
  const iovec vector{request.data, request.size};
  return request.which == direction::read ? ::preadv2(fd, &vector, 1, request.offset, flags)
                                          : ::pwritev2(fd, &vector, 1, request.offset, flags);
}

ssize_t without_waiting(int fd, io_request request) noexcept {
  const ssize_t n = transfer(fd, request, RWF_NOWAIT);
  if (n != -1 || (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL)) return n;
  if (!is_pollable(fd) || !is_ready(fd, request.which)) {
    errno = EAGAIN;
    return -1;
  }
  // Kernels and file types without RWF_NOWAIT: a ready descriptor is taken at its word. For a
  // write that is room for PIPE_BUF bytes only.
  if (request.which == direction::write)
    request.size = std::min<std::size_t>(request.size, PIPE_BUF);
  return transfer(fd, request, 0);
}

// A FIFO that nobody has opened for writing yet, since it was opened itself: it reads as one whose
// writers have gone, but does not poll as one.
bool waits_for_a_writer(int fd) noexcept {
  const auto info = base::status_of(fd);
  return info && S_ISFIFO(info->st_mode) && !is_ready(fd, direction::read);
}

}  // namespace

bool is_pollable(int fd) noexcept {
  const auto info = base::status_of(fd);
  if (!info) return false;
  if (S_ISREG(info->st_mode) || S_ISDIR(info->st_mode) || S_ISBLK(info->st_mode)) return false;
  // Character devices differ, and eventfd and its like have no type at all: ask.
  const base::unique_fd set{::epoll_create1(EPOLL_CLOEXEC)};
  epoll_event event{};
  return set && ::epoll_ctl(set.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

io_outcome attempt(int fd, const io_request& request, bool wait) noexcept {
  const ssize_t n =
      base::retry([&] { return wait ? transfer(fd, request, 0) : without_waiting(fd, request); });
  if (n == -1) {
    if (!wait && errno == EAGAIN) return {.error = {}, .bytes = 0, .would_block = true};
    return {.error = base::last_error()};
  }
  if (n == 0 && request.which == direction::read) {
    if (!wait && waits_for_a_writer(fd)) return {.error = {}, .bytes = 0, .would_block = true};
    return {.error = eof()};
  }
  return {.error = {}, .bytes = static_cast<std::size_t>(n)};
}

}  // namespace emilua::bindings
