// The functions that can raise a Lua error own nothing while they do.
#include "lib/init/helpers.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "lib/base/bytes.h"
#include "lib/base/file.h"
#include "lib/base/unique_fd.h"
#include "lib/sandbox/landlock.h"
#include "lib/sandbox/loopback.h"

namespace emilua::init {
namespace {

// What the kernel carries in one message at most (SCM_MAX_FD), and the sender's credentials, which
// come along when the other side has switched SO_PASSCRED on.
constexpr std::size_t most_descriptors = 253;
constexpr std::size_t control_room =
    CMSG_SPACE(most_descriptors * sizeof(int)) + CMSG_SPACE(sizeof(ucred));

int mode(lua_State* L) {
  const lua_Integer user = check_int(L, 1);
  const lua_Integer group = check_int(L, 2);
  const lua_Integer other = check_int(L, 3);
  lua_pushinteger(L, user << 6 | group << 3 | other);
  return 1;
}

// Keeps the first descriptor of the message and closes the others.
base::unique_fd take_descriptor(msghdr& message) noexcept {
  base::unique_fd first;
  for (cmsghdr* item = CMSG_FIRSTHDR(&message); item; item = CMSG_NXTHDR(&message, item)) {
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int number;
      std::memcpy(&number, CMSG_DATA(item) + i * sizeof(int), sizeof(int));
      base::unique_fd fd{number};
      if (!first) first = std::move(fd);
    }
  }
  return first;
}

struct received {
  ssize_t size;
  int descriptor;
  int error;
};

received receive(int socket, std::span<char> room) noexcept {
  iovec data{room.data(), room.size()};
  alignas(cmsghdr) char control[control_room];
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t n = base::retry([&] { return ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC); });
  if (n == -1) return {-1, -1, errno};
  base::unique_fd fd = take_descriptor(message);
  // There was room for all: this process could hold no further descriptor. With none of them here,
  // going on would mistake the message for one without.
  if ((message.msg_flags & MSG_CTRUNC) != 0 && !fd) return {-1, -1, EMFILE};
  return {n, fd.release(), 0};
}

int receive_with_fd(lua_State* L) {
  const int socket = check_int(L, 1);
  const std::size_t size = check_size(L, 2);
  const std::span<char> room = executor_of(L).buffer(size).first(size);
  const received message = receive(socket, room);
  if (message.size == -1) {
    honour_errexit(L, "receive_with_fd", message.error);
    lua_pushnil(L);
  } else {
    lua_pushlstring(L, room.data(), static_cast<std::size_t>(message.size));
  }
  lua_pushinteger(L, message.descriptor);
  lua_pushinteger(L, message.error);
  return 3;
}

ssize_t send(int socket, std::string_view text, int fd) noexcept {
  iovec data{const_cast<char*>(text.data()), text.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* const item = CMSG_FIRSTHDR(&message);
  item->cmsg_level = SOL_SOCKET;
  item->cmsg_type = SCM_RIGHTS;
  item->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(item), &fd, sizeof(int));
  return base::retry([&] { return ::sendmsg(socket, &message, MSG_NOSIGNAL); });
}

int send_with_fd(lua_State* L) {
  const int socket = check_int(L, 1);
  const std::string_view text = check_bytes(L, 2);
  const int fd = check_int(L, 3);
  return push_result(L, "send_with_fd", send(socket, text, fd));
}

int bring_up_loopback(lua_State* L) {
  return push_result(L, "bring_up_loopback", sandbox::bring_up_loopback());
}

int set_no_new_privs(lua_State* L) {
  return push_result(L, "set_no_new_privs", sandbox::set_no_new_privs());
}

int write_all(lua_State* L) {
  const int fd = check_int(L, 1);
  const std::string_view text = check_bytes(L, 2);
  const base::result<> written = base::write_all(fd, base::bytes_of(text));
  if (!written) return push_result(L, "write_all", -1, written.error().value());
  return push_result(L, "write_all", static_cast<lua_Integer>(text.size()), 0);
}

int bind_unix(lua_State* L) {
  const int socket = check_int(L, 1);
  const std::string_view path = check_text(L, 2);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // An empty path with its terminator would be an abstract address: a name outside of the tree.
  if (path.empty()) return push_result(L, "bind_unix", -1, ENOENT);
  if (path.size() >= sizeof address.sun_path) return push_result(L, "bind_unix", -1, ENAMETOOLONG);
  std::ranges::copy(path, address.sun_path);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return push_result(L, "bind_unix",
                     ::bind(socket, reinterpret_cast<const sockaddr*>(&address), size));
}

// In the order of the file system, without "." and "..".
int list_directory(lua_State* L) {
  // The kernel's: the C library's readdir(3) would use the heap.
  struct entry {
    std::uint64_t inode;
    std::int64_t offset;
    unsigned short size;
    unsigned char type;
    char name[1];
  };
  constexpr std::size_t room_size = 32768;
  const int fd = check_int(L, 1);
  const std::span<char> room = executor_of(L).buffer(room_size).first(room_size);
  lua_newtable(L);
  int count = 0;
  for (;;) {
    const long size = ::syscall(SYS_getdents64, fd, room.data(), room.size());
    if (size == -1) {
      const int error = errno;
      honour_errexit(L, "list_directory", error);
      lua_pushnil(L);
      lua_pushinteger(L, error);
      return 2;
    }
    if (size == 0) break;
    for (long at = 0; at < size;) {
      const char* const start = room.data() + at;
      unsigned short length;
      std::memcpy(&length, start + offsetof(entry, size), sizeof length);
      const std::string_view name = start + offsetof(entry, name);
      at += length;
      if (name == "." || name == "..") continue;
      lua_pushlstring(L, name.data(), name.size());
      lua_rawseti(L, -2, ++count);
    }
  }
  lua_pushinteger(L, 0);
  return 2;
}

int dev_major(lua_State* L) {
  lua_pushinteger(L, ::gnu_dev_major(check_size(L, 1)));
  return 1;
}

int dev_minor(lua_State* L) {
  lua_pushinteger(L, ::gnu_dev_minor(check_size(L, 1)));
  return 1;
}

constexpr function functions[] = {
    {"bind_unix", bind_unix},
    {"bring_up_loopback", bring_up_loopback},
    {"dev_major", dev_major},
    {"dev_minor", dev_minor},
    {"list_directory", list_directory},
    {"mode", mode},
    {"receive_with_fd", receive_with_fd},
    {"send_with_fd", send_with_fd},
    {"set_no_new_privs", set_no_new_privs},
    {"write_all", write_all},
};

}  // namespace

std::span<const function> global_functions() noexcept { return functions; }

}  // namespace emilua::init
