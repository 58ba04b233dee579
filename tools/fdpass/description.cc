#include "tools/fdpass/description.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/file.h"
#include "lib/base/utf8.h"

namespace emilua::fdpass {
namespace {

struct facts {
  std::string type;                // "regular", "socket"
  std::vector<std::string> flags;  // "read_only", "append"
  std::string domain, kind;        // of a socket: "inet", "stream"
  bool listening = false;
};

std::string type_name(int fd) {
  const auto status = base::status_of(fd);
  if (!status) return "unknown";
  switch (status->st_mode & S_IFMT) {
    case S_IFREG:
      return "regular";
    case S_IFDIR:
      return "directory";
    case S_IFCHR:
      return "character_device";
    case S_IFBLK:
      return "block_device";
    case S_IFIFO:
      return "pipe";
    case S_IFSOCK:
      return "socket";
    case S_IFLNK:
      return "symbolic_link";
    default:
      return "anonymous";  // eventfd, epoll, pidfd and their like
  }
}

std::vector<std::string> flag_names(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags == -1) return {};
  if ((flags & O_PATH) != 0) return {"path_only"};
  const int mode = flags & O_ACCMODE;
  std::vector<std::string> names{mode == O_RDONLY   ? "read_only"
                                 : mode == O_WRONLY ? "write_only"
                                                    : "read_write"};
  if ((flags & O_APPEND) != 0) names.emplace_back("append");
  if ((flags & O_NONBLOCK) != 0) names.emplace_back("nonblock");
  if ((flags & O_DIRECT) != 0) names.emplace_back("direct");
  if ((flags & O_SYNC) == O_SYNC) names.emplace_back("sync");
  return names;
}

int socket_option(int fd, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, name, &value, &size) == -1 ? -1 : value;
}

std::string domain_name(int domain) {
  switch (domain) {
    case AF_UNIX:
      return "unix";
    case AF_INET:
      return "inet";
    case AF_INET6:
      return "inet6";
    case AF_NETLINK:
      return "netlink";
    case AF_PACKET:
      return "packet";
    case AF_VSOCK:
      return "vsock";
    default:
      return std::to_string(domain);
  }
}

std::string kind_name(int kind) {
  switch (kind) {
    case SOCK_STREAM:
      return "stream";
    case SOCK_DGRAM:
      return "datagram";
    case SOCK_SEQPACKET:
      return "seqpacket";
    case SOCK_RAW:
      return "raw";
    default:
      return std::to_string(kind);
  }
}

facts facts_of(int fd) {
  facts out{type_name(fd), flag_names(fd), "", ""};
  if (out.type != "socket") return out;
  out.domain = domain_name(socket_option(fd, SO_DOMAIN));
  out.kind = kind_name(socket_option(fd, SO_TYPE));
  out.listening = socket_option(fd, SO_ACCEPTCONN) == 1;
  return out;
}

// A string of JSON; its text is UTF-8.
std::string quoted(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (byte < 0x20 || byte == 0x7f)
      (out += "\\u00").append({digits[byte >> 4], digits[byte & 15]});
    else
      out += c;
  }
  return out + '"';
}

std::string hexadecimal(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out.append({digits[byte >> 4], digits[byte & 15]});
  }
  return out;
}

bool is_utf8(std::string_view text) { return base::utf8_prefix(text) == text.size(); }

std::string id(std::uint32_t value) { return value == 0xffffffff ? "null" : std::to_string(value); }

}  // namespace

std::string describe(const message& came, const ucred& peer) {
  std::string out = "peer: ";
  out += peer.pid == 0 ? "unknown"
                       : "pid " + std::to_string(peer.pid) + ", uid " + std::to_string(peer.uid) +
                             ", gid " + std::to_string(peer.gid);
  const bool text = is_utf8(came.data);
  out += "\ndata: " + (text ? quoted(came.data) : "hex " + hexadecimal(came.data)) + "\n";
  int number = 3;
  for (const auto& fd : came.fds) {
    const facts f = facts_of(fd.get());
    out += std::to_string(number++) + ": " + f.type;
    for (const std::string& flag : f.flags) out += ", " + flag;
    if (!f.domain.empty()) out += ", " + f.domain + ", " + f.kind;
    out += f.listening ? ", listening\n" : "\n";
  }
  return out;
}

std::string describe_json(const message& came, const ucred& peer) {
  std::string out = is_utf8(came.data) ? "{\"data\":" + quoted(came.data)
                                       : "{\"data_hex\":\"" + hexadecimal(came.data) + '"';
  out += ",\"peer\":{\"pid\":" + (peer.pid == 0 ? "null" : std::to_string(peer.pid)) +
         ",\"uid\":" + id(peer.uid) + ",\"gid\":" + id(peer.gid) + "},\"descriptors\":[";
  bool first = true;
  for (const auto& fd : came.fds) {
    const facts f = facts_of(fd.get());
    out += std::exchange(first, false) ? "{\"type\":" : ",{\"type\":";
    out += quoted(f.type) + ",\"flags\":[";
    for (std::size_t i = 0; i < f.flags.size(); ++i)
      out += (i == 0 ? "" : ",") + quoted(f.flags[i]);
    out += "]";
    if (!f.domain.empty())
      out += ",\"domain\":" + quoted(f.domain) + ",\"socket_type\":" + quoted(f.kind) +
             ",\"listening\":" + (f.listening ? "true" : "false");
    out += "}";
  }
  return out + "]}\n";
}

}  // namespace emilua::fdpass
