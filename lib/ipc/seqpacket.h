// Packets with descriptors over AF_UNIX SOCK_SEQPACKET, one direction per socket pair.
//
//   auto [reader, writer] = *make_channel();
//   send_packet(writer.get(), bytes_of("hello"), {&fd, 1});
//
//   std::array<std::byte, 4096> room;
//   received_packet packet = receive_packet(reader.get(), room);   // packet.status, .bytes, .fds
//
// Neither call waits: a socket that is not ready answers would_block (sockets may themselves be in
// blocking mode; MSG_DONTWAIT is used). Sending never raises SIGPIPE. Descriptors arrive
// close-on-exec. Source: unix(7), cmsg(3), recvmsg(2).
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "lib/base/bytes.h"
#include "lib/base/error.h"
#include "lib/base/unique_fd.h"
#include "lib/ipc/descriptors.h"

namespace emilua::ipc {

// A one-directional channel: first the reading end, then the writing end. Both are close-on-exec
// and shut down in the unused direction.
[[nodiscard]] base::result<std::pair<base::unique_fd, base::unique_fd>> make_channel() noexcept;

// Sends one packet. Errors: EAGAIN (queue full), EPIPE/ECONNRESET (reader gone), EMSGSIZE (packet
// larger than the socket's buffer), EINVAL (empty packet, or more than max_descriptors).
[[nodiscard]] base::result<> send_packet(int socket, base::byte_view packet,
                                         std::span<const int> descriptors) noexcept;

enum class packet_status {
  received,     // `bytes` and `fds` hold the packet
  would_block,  // nothing there yet
  closed,       // every writer is gone and the queue is empty (or the socket failed)
  malformed,    // empty, truncated, or descriptors were lost: the writer is not to be trusted
};

struct received_packet {
  packet_status status = packet_status::closed;
  base::byte_view bytes;  // points into the caller's buffer
  descriptor_list fds;
};

// Receives one packet into `room`, which bounds it: a longer one is malformed. Whatever the status,
// descriptors that arrived are either in `fds` or closed.
//
// The kernel reports an empty packet and the end alike, as 0 bytes. They are told apart by whether
// a writer is left: an empty packet whose writer has gone passes for the end, and packets behind it
// stay unread. Either way the socket is to be closed. May throw std::bad_alloc (five descriptors
// and up).
[[nodiscard]] received_packet receive_packet(int socket, std::span<std::byte> room);

}  // namespace emilua::ipc
