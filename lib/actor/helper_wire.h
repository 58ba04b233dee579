// What the main process and its helper tell each other: fixed-size packets on one socket, request
// and reply by turns.
#pragma once

#include <absl/container/inlined_vector.h>
#include <poll.h>
#include <sys/types.h>

#include <cstdint>
#include <cstring>
#include <span>

#include "lib/actor/spawn_helper.h"
#include "lib/base/bytes.h"
#include "lib/base/error.h"
#include "lib/ipc/credentials.h"
#include "lib/ipc/seqpacket.h"

namespace emilua::actor {

// A child, a change of credentials, or a box for the helper.
//
// The descriptors of an actor follow in this order: inbox, config and the init argument if there
// are such, then those of the standard streams that have one; those of a program: config,
// handshake, its file, then what it has in the order of the numbers. Both end with those that
// mounts of a box name, and then the limits of the child's cgroup, if it is to have one of its own;
// an actor has an init argument then. A change has one for a directory, or for the group ids, if
// there are any: too many of them for a packet are legal. A box has one of the steps to be taken.
struct wire_request {
  enum : unsigned char { child, program, credentials, box } what;
  stdio_mode stdio[3];
  bool has_config, has_argument;
  bool with_helper;          // an actor: its own helper is a clone of this one
  bool survives;             // a program: its creator's end is not its own
  bool own_cgroup;           // for the child
  std::uint16_t numbers;     // a program's descriptors, as bits
  std::uint16_t sources;     // how many descriptors mounts name
  std::uint64_t namespaces;  // CLONE_NEW*
  double wall_time;          // seconds until the child is killed; 0: never
  ipc::credential_kind change;
  std::uint32_t values[6];
};

struct wire_reply {
  int error;         // errno, or 0: a child's pidfd and our end of its lifeline then come along
  pid_t pid;         // where a box has failed: the step
  char cgroup[160];  // what of the cgroup has failed, if that is it; null-terminated
};

using descriptor_list = absl::InlinedVector<base::unique_fd, 4>;

template <class T>
base::byte_view bytes_of_object(const T& object) {
  return std::as_bytes(std::span{&object, 1});
}

// Waits for a packet. False: the other side is gone, or talks nonsense.
template <class T>
[[nodiscard]] bool wait_for_packet(int socket, T& out, descriptor_list& fds) {
  for (;;) {
    std::byte room[sizeof(T) + 1];
    ipc::received_packet packet = ipc::receive_packet(socket, room);
    if (packet.status == ipc::packet_status::would_block) {
      pollfd p{.fd = socket, .events = POLLIN, .revents = 0};
      if (base::retry([&] { return ::poll(&p, 1, -1); }) == -1) return false;
      continue;
    }
    if (packet.status != ipc::packet_status::received || packet.bytes.size() != sizeof(T))
      return false;
    std::memcpy(&out, packet.bytes.data(), sizeof(T));
    fds = std::move(packet.fds);
    return true;
  }
}

}  // namespace emilua::actor
