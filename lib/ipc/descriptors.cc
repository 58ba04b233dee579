#include "lib/ipc/descriptors.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace emilua::ipc {
namespace {

// <linux/socket.h>'s, for C libraries that lack it.
constexpr int scm_pidfd = 4;

}  // namespace

void attach_descriptors(msghdr& message, control_buffer& room, std::span<const int> fds) noexcept {
  if (fds.empty()) return;
  message.msg_control = room.bytes.data();
  message.msg_controllen = CMSG_SPACE(fds.size_bytes());
  cmsghdr* c = CMSG_FIRSTHDR(&message);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(fds.size_bytes());
  std::memcpy(CMSG_DATA(c), fds.data(), fds.size_bytes());
}

void offer_room(msghdr& message, control_buffer& room) noexcept {
  message.msg_control = room.bytes.data();
  message.msg_controllen = room.bytes.size();
}

arrived_descriptors::~arrived_descriptors() {
  for (std::size_t i = 0; i != count_; ++i) ::close(fds_[i]);
}

void arrived_descriptors::adopt(int fd) noexcept {
  if (count_ == fds_.size())
    ::close(fd);  // no kernel sends so many
  else
    fds_[count_++] = fd;
}

void arrived_descriptors::move_to(descriptor_list& list, std::size_t limit) {
  const std::size_t taken = std::min(limit, count_);
  list.reserve(list.size() + taken);  // the one thing here that may throw
  for (std::size_t i = 0; i != taken; ++i) list.emplace_back(fds_[i]);
  for (std::size_t i = taken; i != count_; ++i) ::close(fds_[i]);
  count_ = 0;
}

void collect_descriptors(msghdr& message, arrived_descriptors& arrived) noexcept {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_len < CMSG_LEN(0)) continue;
    if (c->cmsg_type != SCM_RIGHTS && c->cmsg_type != scm_pidfd) continue;
    const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i != count; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
      if (c->cmsg_type == SCM_RIGHTS)
        arrived.adopt(fd);
      else if (fd >= 0)
        ::close(fd);  // the sender's pidfd: nobody here asks for one
    }
  }
}

}  // namespace emilua::ipc
