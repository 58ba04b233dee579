#include "lib/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
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

result<std::string> read_all(int fd, std::size_t limit) {
  std::string text;
  struct stat info;
  if (::fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0)
    text.reserve(std::min(limit, static_cast<std::size_t>(info.st_size)) + 1);
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

}  // namespace emilua::base
