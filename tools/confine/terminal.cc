#include "tools/confine/terminal.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace emilua::confine {
namespace {

constexpr std::size_t chunk = 4096;  // a pipe that is ready takes as much

// The first of our standard streams that is a terminal, or -1.
int our_terminal() {
  for (const int fd : {0, 1, 2})
    if (::isatty(fd) == 1) return fd;
  return -1;
}

}  // namespace

base::result<terminal> terminal::make() {
  base::unique_fd master{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)};
  if (!master) return base::last_error();
  if (::unlockpt(master.get()) == -1) return base::last_error();
  // Not by its path, at which there may be another terminal in a container.
  base::unique_fd slave{::ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC)};
  if (!slave) return base::last_error();
  terminal out{std::move(master), std::move(slave)};
  if (const int fd = our_terminal(); fd != -1) {
    termios settings{};
    if (::tcgetattr(fd, &settings) == -1 || ::tcsetattr(out.slave_.get(), TCSANOW, &settings) == -1)
      return base::last_error();
    if (::isatty(0) == 1) out.ours_ = settings;
  }
  out.resize();
  return out;
}

base::result<> terminal::start() {
  slave_.reset();
  // Unread output must not end us before our terminal is restored.
  if (std::signal(SIGPIPE, SIG_IGN) == SIG_ERR) return base::last_error();
  make_raw();
  return {};
}

void terminal::make_raw() {
  if (!ours_) return;
  termios raw = *ours_;
  ::cfmakeraw(&raw);
  raw_ = ::tcsetattr(0, TCSADRAIN, &raw) == 0;
}

void terminal::restore() noexcept {
  if (raw_) ::tcsetattr(0, TCSADRAIN, &*ours_);
  raw_ = false;
}

void terminal::resize() const {
  winsize size{};
  if (const int fd = our_terminal(); fd != -1 && ::ioctl(fd, TIOCGWINSZ, &size) == 0)
    ::ioctl(master_.get(), TIOCSWINSZ, &size);
}

void terminal::suspend() {
  restore();
  ::raise(SIGSTOP);
  make_raw();
  resize();
}

void terminal::watch(std::span<pollfd, watched> events) const {
  // One way at a time is full at most: nothing more is read then.
  events[0] = {keys_ && typed_.empty() ? 0 : -1, POLLIN, 0};
  events[1] = {screen_.empty() ? -1 : 1, POLLOUT, 0};
  short wanted = 0;
  if (screen_.empty()) wanted |= POLLIN;
  if (!typed_.empty()) wanted |= POLLOUT;
  events[2] = {wanted == 0 || unused_ ? -1 : master_.get(), wanted, 0};
}

void terminal::handle(std::span<const pollfd, watched> events) {
  if (events[0].revents != 0) read_keys();
  if (events[1].revents != 0) write_screen();
  if (!master_) return;
  if (unused_ || (events[2].revents & (POLLIN | POLLHUP)) != 0) read_screen();
  if (!typed_.empty()) type(nullptr, 0);
}

void terminal::read_keys() {
  if (!master_) return;
  char text[chunk];
  const ssize_t n = base::retry([&] { return ::read(0, text, sizeof text); });
  if (n > 0) {
    line_begins_ = text[n - 1] == '\n';
    return type(text, static_cast<std::size_t>(n));
  }
  if (n == -1 && errno == EAGAIN) return;
  keys_ = false;
  termios settings{};
  if (::tcgetattr(master_.get(), &settings) == -1) return;
  // Within a line it only ends the waiting for the rest.
  const std::string end(line_begins_ ? 1 : 2, static_cast<char>(settings.c_cc[VEOF]));
  type(end.data(), end.size());
}

void terminal::type(const char* text, std::size_t size) {
  typed_.append(text == nullptr ? "" : text, size);
  const ssize_t n =
      base::retry([&] { return ::write(master_.get(), typed_.data(), typed_.size()); });
  if (n > 0) typed_.erase(0, static_cast<std::size_t>(n));
  if (n == -1 && errno != EAGAIN) typed_.clear();  // nobody is there any more
}

bool terminal::read_screen() {
  char text[chunk];
  const ssize_t n = base::retry([&] { return ::read(master_.get(), text, sizeof text); });
  unused_ = n == -1 && errno == EIO;
  if (n > 0) screen_.append(text, static_cast<std::size_t>(n));
  return n > 0;
}

void terminal::write_screen() {
  const ssize_t n = base::retry([&] { return ::write(1, screen_.data(), screen_.size()); });
  if (n > 0) {
    screen_.erase(0, static_cast<std::size_t>(n));
  } else if (errno != EAGAIN) {
    // As a terminal does whose user has gone.
    screen_.clear();
    keys_ = false;
    typed_.clear();
    master_.reset();
    unused_ = false;
  }
}

void terminal::drain() {
  do {
    while (!screen_.empty()) {
      pollfd ready{1, POLLOUT, 0};
      static_cast<void>(base::retry([&] { return ::poll(&ready, 1, -1); }));
      write_screen();
    }
  } while (master_ && read_screen());
  restore();
}

}  // namespace emilua::confine
