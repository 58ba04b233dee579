// Descriptors beside the data of a message: the control part of a msghdr, both ways.
//
//   control_buffer room;
//   attach_descriptors(message, room, {&fd, 1});           // then sendmsg(2)
//
//   offer_room(message, room);                             // then recvmsg(2) with MSG_CMSG_CLOEXEC
//   arrived_descriptors arrived;
//   collect_descriptors(message, arrived);                 // all that came: taken or closed
//   arrived.move_to(list, wanted);
//
// Source: unix(7), cmsg(3).
#pragma once

#include <absl/container/inlined_vector.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <span>

#include "lib/base/unique_fd.h"

namespace emilua::ipc {

// What the kernel carries in one message (SCM_MAX_FD).
inline constexpr std::size_t max_descriptors = 253;

using descriptor_list = absl::InlinedVector<base::unique_fd, 4>;

// Besides the descriptors, there may be what somebody has switched on for the socket: credentials,
// a pidfd, a security label. Without room for them the descriptors would be cut off.
struct control_buffer {
  control_buffer() noexcept {}  // the bytes stay uninitialised

  alignas(
      cmsghdr) std::array<unsigned char, CMSG_SPACE(max_descriptors * sizeof(int)) + 1024> bytes;
};

// At most max_descriptors; none at all leaves the message without a control part.
void attach_descriptors(msghdr& message, control_buffer& room, std::span<const int> fds) noexcept;

void offer_room(msghdr& message, control_buffer& room) noexcept;

// Closed unless moved away.
class arrived_descriptors {
 public:
  arrived_descriptors() noexcept {}  // the array stays uninitialised
  arrived_descriptors(const arrived_descriptors&) = delete;
  arrived_descriptors& operator=(const arrived_descriptors&) = delete;
  ~arrived_descriptors();

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  void adopt(int fd) noexcept;

  // Appends the first `limit` of them to `list`, and closes the others. May throw std::bad_alloc
  // (five descriptors and up), having moved none.
  void move_to(descriptor_list& list, std::size_t limit = max_descriptors);

 private:
  std::array<int, max_descriptors> fds_;
  std::size_t count_ = 0;
};

// Takes every descriptor out of a message that was received.
void collect_descriptors(msghdr& message, arrived_descriptors& arrived) noexcept;

}  // namespace emilua::ipc
