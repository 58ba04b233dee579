#include "lib/bindings/file/waiting_open.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <cerrno>

namespace emilua::bindings {
namespace {

using namespace std::chrono_literals;

constexpr auto longest_pause = 64ms;

// Sockets and devices without a driver have that error, too.
bool is_fifo(const std::string& path) noexcept {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISFIFO(info.st_mode);
}

}  // namespace

base::result<base::unique_fd> open_at_once(const std::string& path, int flags) {
  base::unique_fd fd{base::retry([&] { return ::open(path.c_str(), flags | O_NONBLOCK, 0777); })};
  if (!fd) {
    const std::error_code error = base::last_error();
    if (error == std::errc::no_such_device_or_address && is_fifo(path))
      return base::system_error(EAGAIN);
    return error;
  }
  // It may become a standard stream of programs that expect to wait.
  if (::fcntl(fd.get(), F_SETFL, flags) == -1) return base::last_error();
  return fd;
}

void waiting_open::wait() {
  pause_.expires_after(next_pause_);
  next_pause_ = std::min<std::chrono::milliseconds>(2 * next_pause_, longest_pause);
  pause_.async_wait(boost::asio::bind_executor(
      executor_, [self = shared_from_this()](const boost::system::error_code& /*error*/) {
        if (self->complete_) self->try_again();
      }));
}

void waiting_open::try_again() {
  auto fd = open_at_once(path_, flags_);
  if (fd) return finish({}, std::move(*fd));
  if (fd.error() == std::errc::resource_unavailable_try_again) return wait();
  finish(fd.error(), {});
}

void waiting_open::cancel() {
  if (!complete_) return;
  finish(aborted(), {});
  pause_.cancel();
}

void waiting_open::finish(std::error_code error, base::unique_fd fd) {
  std::exchange(complete_, nullptr)(error, std::move(fd));
}

}  // namespace emilua::bindings
