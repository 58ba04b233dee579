// A descriptor with an owner.
//
//   emilua::base::unique_fd fd{::open(path, O_RDONLY | O_CLOEXEC)};
//   if (!fd) return emilua::base::last_error();
//   use(fd.get());                       // closed at the end of the scope
//
// Movable, not copyable. The descriptor is closed exactly once; the result of close(2) is ignored,
// since Linux has released the number whatever it says. Async-signal-safe.
#pragma once

#include <unistd.h>

#include <utility>

namespace emilua::base {

class unique_fd {
 public:
  unique_fd() noexcept = default;
  explicit unique_fd(int fd) noexcept : fd_(fd) {}
  unique_fd(unique_fd&& other) noexcept : fd_(other.release()) {}
  unique_fd& operator=(unique_fd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  ~unique_fd() { reset(); }

  [[nodiscard]] int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }

  // Gives the number away: the caller closes it.
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

  void reset(int fd = -1) noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

}  // namespace emilua::base
