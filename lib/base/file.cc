#include "lib/base/file.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace emilua::base {

result<> write_all(int fd, byte_view data) noexcept {
  while (!data.empty()) {
    const ssize_t n = retry([&] { return ::write(fd, data.data(), data.size()); });
    if (n == -1) return last_error();
    data = data.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

result<struct stat> status_of(int fd) noexcept {
  struct stat info;
  if (::syscall(SYS_fstat, fd, &info) == -1) return last_error();
  return info;
}

result<std::string> read_all(int fd, std::size_t limit) {
  std::string text;
  if (const auto info = status_of(fd); info && S_ISREG(info->st_mode) && info->st_size > 0)
    text.reserve(std::min(limit, static_cast<std::size_t>(info->st_size)) + 1);
  std::size_t used = 0;
  for (;;) {
    // One byte past the limit is asked for, so that a file of just that size is told from a larger.
    const std::size_t room = std::max<std::size_t>(text.capacity() - used, 4096);
    text.resize(used + std::min(room, limit + 1 - used));
    const ssize_t n = retry([&] { return ::read(fd, text.data() + used, text.size() - used); });
    if (n == -1) return last_error();
    used += static_cast<std::size_t>(n);
    if (used > limit) return system_error(EFBIG);
    if (n == 0) break;
  }
  text.resize(used);
  return text;
}

result<std::string> read_file(const char* path, std::size_t limit) {
  unique_fd fd{retry([&] { return ::open(path, O_RDONLY | O_CLOEXEC); })};
  if (!fd) return last_error();
  return read_all(fd.get(), limit);
}

result<unique_fd> duplicate(int fd) noexcept {
  unique_fd copy{::fcntl(fd, F_DUPFD_CLOEXEC, 0)};
  if (!copy) return last_error();
  return copy;
}

namespace {

// close_range(2), and where a kernel or a filter does not have it, `one` for each number. The limit
// may have been lowered after a higher number was handed out, so the kernel's own maximum bounds
// the search.
template <class One>
result<> for_range(unsigned first, unsigned flags, One one) noexcept {
  if (::syscall(SYS_close_range, first, ~0U, flags) == 0) return {};
  if (errno != ENOSYS && errno != EPERM && errno != EINVAL) return last_error();
  rlimit limit;
  if (::getrlimit(RLIMIT_NOFILE, &limit) == -1) return last_error();
  const rlim_t end = std::min<rlim_t>(limit.rlim_max, rlim_t{1} << 20);
  for (rlim_t fd = first; fd < end; ++fd) one(static_cast<int>(fd));
  return {};
}

}  // namespace

result<> close_from(unsigned first) noexcept {
  return for_range(first, 0, [](int fd) { ::close(fd); });
}

result<> close_on_exec_from(unsigned first) noexcept {
  return for_range(first, CLOSE_RANGE_CLOEXEC, [](int fd) {
    static_cast<void>(::fcntl(fd, F_SETFD, FD_CLOEXEC));  // fails where nothing is open
  });
}

result<unique_fd> dead_end(bool input) noexcept {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) == -1) return last_error();
  const unique_fd closed{ends[input ? 1 : 0]};
  return unique_fd{ends[input ? 0 : 1]};
}

result<> ensure_standard_descriptors() noexcept {
  for (int fd = 0; fd < 3; ++fd) {
    if (::fcntl(fd, F_GETFD) != -1) continue;
    auto end = dead_end(fd == 0);
    if (!end) return end.error();
    // The kernel gives the lowest free number, so that one end may already lie where it belongs.
    const int number = end->release();
    if (number == fd) {
      if (::fcntl(fd, F_SETFD, 0) == -1) return last_error();
      continue;
    }
    const unique_fd spare{number};
    if (::dup3(number, fd, 0) == -1) return last_error();
  }
  return {};
}

}  // namespace emilua::base
