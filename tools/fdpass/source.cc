#include "tools/fdpass/source.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "lib/base/bytes.h"
#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/ipc/process.h"
#include "tools/command_line/start.h"
#include "tools/command_line/values.h"
#include "tools/fdpass/endpoint.h"

namespace emilua::fdpass {
namespace {

[[noreturn]] void fail(const std::string& text, std::error_code error) {
  throw tools::refusal{tools::failure, "FD: " + text + ": " + error.message()};
}

base::unique_fd checked(base::unique_fd fd, const std::string& text) {
  if (!fd) fail(text, base::last_error());
  return fd;
}

base::unique_fd listen_tcp(const std::string& text, const std::string& where) {
  const std::size_t colon = where.rfind(':');
  if (colon == where.npos) tools::refuse("FD", text, "tcp-listen:HOST:PORT expected");
  std::string host = where.substr(0, colon);
  if (host.size() > 1 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  const auto port = htons(
      static_cast<std::uint16_t>(tools::number("FD: " + text, where.substr(colon + 1), 65535)));

  sockaddr_in6 v6{};
  sockaddr_in v4{};
  v6.sin6_family = AF_INET6, v6.sin6_port = port;
  v4.sin_family = AF_INET, v4.sin_port = port;
  const bool is_v4 = !host.empty() && ::inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1;
  // Nothing is all addresses of both families.
  if (!is_v4 && !host.empty() && ::inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) != 1)
    tools::refuse("FD", text, "HOST is no numeric address");
  const int family = is_v4 ? AF_INET : AF_INET6;
  base::unique_fd fd =
      checked(base::unique_fd{::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)}, text);
  const int on = 1, only = host.empty() ? 0 : 1;
  const auto* address =
      is_v4 ? reinterpret_cast<const sockaddr*>(&v4) : reinterpret_cast<const sockaddr*>(&v6);
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1 ||
      (!is_v4 && ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) == -1) ||
      ::bind(fd.get(), address, is_v4 ? sizeof v4 : sizeof v6) == -1 ||
      ::listen(fd.get(), SOMAXCONN) == -1)
    fail(text, base::last_error());
  return fd;
}

// Sealed: whoever receives it can rely on its contents.
base::unique_fd memory_with(const std::string& text, const std::string& contents) {
  base::unique_fd fd =
      checked(base::unique_fd{::memfd_create("fdpass", MFD_CLOEXEC | MFD_ALLOW_SEALING)}, text);
  if (const auto written = base::write_all(fd.get(), base::bytes_of(contents)); !written)
    fail(text, written.error());
  if (::lseek(fd.get(), 0, SEEK_SET) == -1 ||
      ::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) ==
          -1)
    fail(text, base::last_error());
  return fd;
}

base::unique_fd open_file(const std::string& text, const std::string& how) {
  const std::size_t colon = how.find(':');
  const std::string mode = how.substr(0, colon);
  if (colon == how.npos || (mode != "r" && mode != "rw"))
    tools::refuse("FD", text, "open:r:PATH or open:rw:PATH expected");
  const int flags = (mode == "r" ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOCTTY;
  return checked(base::unique_fd{::open(how.c_str() + colon + 1, flags)}, text);
}

}  // namespace

base::unique_fd open_source(const std::string& text) {
  if (!text.empty() && text.find_first_not_of("0123456789") == text.npos) {
    auto copy = base::duplicate(tools::open_descriptor("FD", text));
    if (!copy) fail(text, copy.error());
    return std::move(*copy);
  }
  const std::size_t colon = text.find(':');
  const std::string form = text.substr(0, colon);
  const std::string rest = colon == text.npos ? "" : text.substr(colon + 1);
  if (colon != text.npos) {
    if (form == "open") return open_file(text, rest);
    if (form == "tcp-listen") return listen_tcp(text, rest);
    if (form == "memfd") return memory_with(text, rest);
    if (form == "pidfd") {
      const auto pid = static_cast<pid_t>(tools::number("FD: " + text, rest, 0x7fffffff));
      return checked(ipc::open_process(pid), text);
    }
    if (form == "unix-listen") {
      const endpoint at = parse_endpoint("FD: " + text, rest);
      if (at.what == endpoint::kind::descriptor)
        tools::refuse("FD", text, "a path or @NAME expected");
      return listen_on(at, SOCK_STREAM);
    }
  }
  tools::refuse("FD", text,
                "a number, open:r:PATH, open:rw:PATH, tcp-listen:HOST:PORT, unix-listen:PATH, "
                "memfd:TEXT or pidfd:PID expected");
}

}  // namespace emilua::fdpass
