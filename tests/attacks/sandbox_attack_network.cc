// To services of the host, by sockets of all kinds.
#include <arpa/inet.h>
#include <linux/if_alg.h>
#include <linux/vm_sockets.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "tests/attacks/sandbox_attack.h"

namespace emilua::attacks {
namespace {

// A path; one that begins with '@' is abstract.
struct unix_address {
  sockaddr_un value{};
  socklen_t size;

  explicit unix_address(const char* name) {
    value.sun_family = AF_UNIX;
    const std::size_t n = std::min(std::strlen(name), sizeof value.sun_path - 1);
    std::memcpy(value.sun_path, name, n);
    if (name[0] == '@') value.sun_path[0] = '\0';
    size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + n + (name[0] == '@' ? 0 : 1));
  }
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&value); }
};

struct ip_address {
  sockaddr_in value{};

  explicit ip_address(long port) {
    value.sin_family = AF_INET;
    value.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    value.sin_port = htons(static_cast<in_port_t>(port));
  }
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&value); }
};

outcome open_socket(int family, int type, int protocol = 0) {
  return result_of("socket", ::socket(family, type, protocol));
}

outcome connect_unix(const char* name, int type) {
  const unix_address to{name};
  const int fd = ::socket(AF_UNIX, type, 0);
  if (fd == -1) return refused("socket");
  if (::connect(fd, to.get(), to.size) == -1) return refused("connect");
  return result_of("send", ::send(fd, "hello", 5, MSG_NOSIGNAL));
}

outcome send_unix(const arguments& a) {
  const unix_address to{a.text(0)};
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  if (fd == -1) return refused("socket");
  return result_of("sendto", ::sendto(fd, "hello", 5, 0, to.get(), to.size));
}

// Standard input is a datagram socket that is not connected.
outcome send_unix_on_input(const arguments& a) {
  const unix_address to{a.text(0)};
  return result_of("sendto", ::sendto(STDIN_FILENO, "hello", 5, 0, to.get(), to.size));
}

outcome send_message_on_input(const arguments& a) {
  unix_address to{a.text(0)};
  iovec data{const_cast<char*>("hello"), 5};
  msghdr message{};
  message.msg_name = &to.value;
  message.msg_namelen = to.size;
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  return result_of("sendmsg", ::sendmsg(STDIN_FILENO, &message, 0));
}

outcome connect_input(const arguments& a) {
  const unix_address to{a.text(0)};
  if (::connect(STDIN_FILENO, to.get(), to.size) == -1) return refused("connect");
  return result_of("send", ::send(STDIN_FILENO, "hello", 5, MSG_NOSIGNAL));
}

outcome connect_tcp(const arguments& a) {
  const ip_address to{a.number(0)};
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  if (fd == -1) return refused("socket");
  if (::connect(fd, to.get(), sizeof to.value) == -1) return refused("connect");
  return result_of("send", ::send(fd, "hello", 5, MSG_NOSIGNAL));
}

// [::ffff:127.0.0.1], and an address that says nothing.
outcome connect_tcp6(const arguments& a, const char* address) {
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6;
  to.sin6_port = htons(static_cast<in_port_t>(a.number(0)));
  ::inet_pton(AF_INET6, address, &to.sin6_addr);
  const int fd = ::socket(AF_INET6, SOCK_STREAM, 0);
  if (fd == -1) return refused("socket");
  if (::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == -1) return refused("connect");
  return result_of("send", ::send(fd, "hello", 5, MSG_NOSIGNAL));
}

outcome send_udp(const arguments& a) {
  const ip_address to{a.number(0)};
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  if (fd == -1) return refused("socket");
  return result_of("sendto", ::sendto(fd, "hello", 5, 0, to.get(), sizeof to.value));
}

// Connects without connect(2).
outcome send_fast_open(const arguments& a) {
  const ip_address to{a.number(0)};
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  if (fd == -1) return refused("socket");
  return result_of("sendto", ::sendto(fd, "hello", 5, MSG_FASTOPEN, to.get(), sizeof to.value));
}

// "done PORT"
outcome listen_on(int fd) {
  sockaddr_in own{};
  socklen_t size = sizeof own;
  if (::listen(fd, 1) == -1) return refused("listen");
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) == -1)
    return refused("getsockname");
  return done(std::to_string(ntohs(own.sin_port)));
}

outcome listen_tcp(const arguments& a) {
  const ip_address at{a.number(0)};
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  if (fd == -1) return refused("socket");
  if (::bind(fd, at.get(), sizeof at.value) == -1) return refused("bind");
  return listen_on(fd);
}

// A port that the kernel chooses.
outcome listen_unbound(const arguments&) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  return fd == -1 ? refused("socket") : listen_on(fd);
}

constexpr attack attacks[] = {
    {"connect_unix", [](const arguments& a) { return connect_unix(a.text(0), SOCK_STREAM); }},
    {"connect_unix_datagram",
     [](const arguments& a) { return connect_unix(a.text(0), SOCK_DGRAM); }},
    {"send_unix", send_unix},
    {"send_unix_on_input", send_unix_on_input},
    {"send_message_on_input", send_message_on_input},
    {"connect_input", connect_input},
    {"connect_tcp", connect_tcp},
    {"connect_tcp_mapped", [](const arguments& a) { return connect_tcp6(a, "::ffff:127.0.0.1"); }},
    {"connect_tcp_unspecified",
     [](const arguments& a) { return connect_tcp6(a, "::ffff:0.0.0.0"); }},
    {"send_udp", send_udp},
    {"send_fast_open", send_fast_open},
    {"listen_tcp", listen_tcp},
    {"listen_unbound", listen_unbound},
    {"open_raw", [](const arguments&) { return open_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP); }},
    {"open_packet",
     [](const arguments&) { return open_socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)); }},
    {"open_netlink", [](const arguments&) { return open_socket(AF_NETLINK, SOCK_RAW); }},
    {"open_vsock", [](const arguments&) { return open_socket(AF_VSOCK, SOCK_STREAM); }},
    {"open_alg", [](const arguments&) { return open_socket(AF_ALG, SOCK_SEQPACKET); }},
};

}  // namespace

std::span<const attack> network_attacks() { return attacks; }

}  // namespace emilua::attacks
