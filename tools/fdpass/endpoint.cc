#include "tools/fdpass/endpoint.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <thread>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "tools/command_line/start.h"
#include "tools/command_line/values.h"

namespace emilua::fdpass {
namespace {

using std::chrono::steady_clock;

[[noreturn]] void fail(const std::string& call, const std::string& what, std::error_code error) {
  throw tools::refusal{tools::failure, call + ": " + what + ": " + error.message()};
}

struct address {
  sockaddr_un value{};
  socklen_t size = 0;

  [[nodiscard]] const sockaddr* get() const noexcept {
    return reinterpret_cast<const sockaddr*>(&value);
  }
};

// parse_endpoint() has seen to it that the text fits.
address address_of(const endpoint& e) {
  address out;
  out.value.sun_family = AF_UNIX;
  std::ranges::copy(e.text, out.value.sun_path);
  if (e.what == endpoint::kind::abstract) out.value.sun_path[0] = '\0';
  out.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + e.text.size() +
                                    (e.what == endpoint::kind::path ? 1 : 0));
  return out;
}

base::unique_fd make_socket(int type, int flags = 0) {
  base::unique_fd fd{::socket(AF_UNIX, type | SOCK_CLOEXEC | flags, 0)};
  if (!fd) fail("socket", "unix", base::last_error());
  return fd;
}

int type_of(int fd, const std::string& text) {
  int type = 0;
  socklen_t size = sizeof type;
  if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == -1)
    fail("socket", text, base::last_error());
  return type;
}

// A path that a socket without a listener has left behind.
bool is_stale(const endpoint& at, int type) {
  struct stat status {};
  if (at.what != endpoint::kind::path || ::lstat(at.text.c_str(), &status) == -1 ||
      !S_ISSOCK(status.st_mode))
    return false;
  const base::unique_fd probe = make_socket(type, SOCK_NONBLOCK);
  const address to = address_of(at);
  return ::connect(probe.get(), to.get(), to.size) == -1 && errno == ECONNREFUSED;
}

}  // namespace

deadline::deadline(std::optional<std::chrono::nanoseconds> patience) {
  if (patience)
    end_ = steady_clock::now() + std::chrono::duration_cast<steady_clock::duration>(*patience);
}

int deadline::left(const std::string& what) const {
  if (!end_) return -1;
  const auto rest = std::chrono::ceil<std::chrono::milliseconds>(*end_ - steady_clock::now());
  if (rest.count() <= 0) throw tools::refusal{124, "--timeout: " + what + ": took too long"};
  return static_cast<int>(std::min<long long>(rest.count(), 1 << 30));
}

void deadline::wait(int fd, short events, const std::string& what) const {
  for (;;) {
    pollfd item{fd, events, 0};
    const int n = ::poll(&item, 1, left(what));
    if (n > 0) return;
    if (n == -1 && errno != EINTR) fail("poll", what, base::last_error());
  }
}

void deadline::pause(const std::string& what) const {
  const int rest = left(what);
  std::this_thread::sleep_for(std::chrono::milliseconds(rest == -1 ? 10 : std::min(rest, 10)));
}

endpoint parse_endpoint(const std::string& option, const std::string& text) {
  if (text.starts_with("fd:"))
    return {endpoint::kind::descriptor, text, tools::open_descriptor(option, text.substr(3))};
  const bool abstract = text.starts_with('@');
  if (text.empty() || text == "@") tools::refuse(option, text, "a path, @NAME or fd:N expected");
  // A path needs its NUL; in place of the @, an abstract name has its own.
  if (text.size() >= sizeof(sockaddr_un::sun_path) + (abstract ? 1 : 0))
    tools::refuse(option, text, "longer than a socket's address can be");
  return {abstract ? endpoint::kind::abstract : endpoint::kind::path, text};
}

base::unique_fd connect_to(const endpoint& to, const connection_options& options,
                           const deadline& deadline) {
  if (to.what == endpoint::kind::descriptor) {
    static_cast<void>(type_of(to.fd, to.text));
    auto copy = base::duplicate(to.fd);
    if (!copy) fail("dup", to.text, copy.error());
    return std::move(*copy);
  }
  const address address = address_of(to);
  for (;;) {
    base::unique_fd socket = make_socket(options.type, deadline.exists() ? SOCK_NONBLOCK : 0);
    if (base::retry([&] { return ::connect(socket.get(), address.get(), address.size); }) == 0)
      return socket;
    const bool later = errno == EAGAIN || errno == ECONNREFUSED || errno == ENOENT;
    if (errno == EPROTOTYPE)
      throw tools::refusal{tools::failure, "connect: " + to.text + ": it is not of this --type"};
    if (!later || !deadline.exists()) fail("connect", to.text, base::last_error());
    deadline.pause("connect: " + to.text);
  }
}

base::unique_fd listen_on(const endpoint& at, int type) {
  base::unique_fd socket = make_socket(type);
  // From the first datagram on.
  if (type == SOCK_DGRAM) attach_credentials(socket.get());
  const address address = address_of(at);
  if (::bind(socket.get(), address.get(), address.size) == -1) {
    const std::error_code error = base::last_error();
    const bool again = error == std::errc::address_in_use && is_stale(at, type) &&
                       ::unlink(at.text.c_str()) == 0 &&
                       ::bind(socket.get(), address.get(), address.size) == 0;
    if (!again) fail("bind", at.text, error);
  }
  if (type != SOCK_DGRAM && ::listen(socket.get(), SOMAXCONN) == -1)
    fail("listen", at.text, base::last_error());
  return socket;
}

void attach_credentials(int socket) {
  const int on = 1;
  if (::setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == -1)
    fail("socket", "credentials", base::last_error());
}

bool is_datagram(int socket) { return type_of(socket, "type") == SOCK_DGRAM; }

ucred peer_of(int socket) {
  ucred peer{0, static_cast<uid_t>(-1), static_cast<gid_t>(-1)};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == -1)
    fail("peer", "credentials", base::last_error());
  return peer;
}

std::optional<std::string> objection(const ucred& peer, const connection_options& options) {
  if (options.peer_uid && peer.uid != *options.peer_uid)
    return "--peer-uid: " + std::to_string(*options.peer_uid) + ": the peer's is " +
           (peer.uid == static_cast<uid_t>(-1) ? "unknown" : std::to_string(peer.uid));
  if (options.peer_pid && peer.pid != *options.peer_pid)
    return "--peer-pid: " + std::to_string(*options.peer_pid) + ": the peer's is " +
           (peer.pid == 0 ? "unknown" : std::to_string(peer.pid));
  return std::nullopt;
}

}  // namespace emilua::fdpass
