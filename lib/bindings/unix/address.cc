#include "lib/bindings/unix/address.h"

#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace emilua::bindings {
namespace {

constexpr std::size_t path_offset = offsetof(sockaddr_un, sun_path);
constexpr std::size_t path_room = sizeof(sockaddr_un::sun_path);

}  // namespace

base::result<socket_address> to_unix_address(std::string_view path) noexcept {
  const bool abstract = path.starts_with('\0');
  const bool pathname = !path.empty() && !abstract;
  if (path.size() + (pathname ? 1 : 0) > path_room) return base::system_error(ENAMETOOLONG);
  if (pathname && path.find('\0') != path.npos) return base::system_error(EINVAL);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, path.data(), path.size());
  socket_address address{};
  std::memcpy(&address.storage, &name, sizeof name);
  address.size = static_cast<socklen_t>(path_offset + path.size() + (pathname ? 1 : 0));
  return address;
}

std::string unix_path(const socket_address& address) {
  if (address.size <= path_offset) return {};
  const auto* bytes = reinterpret_cast<const char*>(&address.storage) + path_offset;
  // The kernel reports more than it wrote for a pathname that fills its room.
  const std::size_t size =
      std::min(address.size - path_offset, sizeof address.storage - path_offset);
  std::string path{bytes, size};
  if (path.ends_with('\0')) path.pop_back();
  return path;
}

}  // namespace emilua::bindings
