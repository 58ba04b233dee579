// Whole messages over a channel: a packet if they fit, sealed memory if they do not.
//
//   auto sent = send_message(writer_end, writer);                 // one try; EAGAIN when it must
//   wait received_message got = receive_message(reader_end, limits);   // verified: ready for the
//   reader
//
// A packet's first byte says where the message is: 0x00, it follows; 0x01, nothing follows and the
// packet's first descriptor is a sealed memfd (sealed_memory.h) that holds it. The message's own
// descriptors come after. What the codec or the seals refuse is `malformed`, as are broken packets.
#pragma once

#include <absl/container/inlined_vector.h>

#include <string>

#include "lib/base/bytes.h"
#include "lib/base/error.h"
#include "lib/base/unique_fd.h"
#include "lib/ipc/codec.h"
#include "lib/ipc/sealed_memory.h"
#include "lib/ipc/seqpacket.h"

namespace emilua::ipc {

// The largest packet, and so the receiver's buffer.
inline constexpr std::size_t max_packet = std::size_t{32} << 10;

// A message made ready to be sent, any number of times. Its descriptors are borrowed at first.
class outgoing_message {
 public:
  // EMSGSIZE (over limits.bytes), EMFILE and ENOMEM (no memfd to be had), EINVAL (descriptors).
  [[nodiscard]] static base::result<outgoing_message> prepare(const message_writer& writer,
                                                              const message_limits& limits = {});

  // EAGAIN: wait until the socket is writable and call again.
  [[nodiscard]] base::result<> send(int socket) const noexcept;

  // Borrows no more: the descriptors may be closed, and the message is sent all the same. EMFILE.
  [[nodiscard]] base::result<> keep_descriptors();

 private:
  std::string packet_;
  std::vector<int> descriptors_;
  std::vector<base::unique_fd> kept_;  // those of them that are the message's own
};

struct received_message {
  packet_status status = packet_status::closed;
  absl::InlinedVector<base::unique_fd, 4> fds;  // those that the message names, in its order

  // Valid as long as this object; only if status is `received`.
  [[nodiscard]] base::byte_view bytes() const noexcept {
    return text.empty() ? memory.bytes() : base::bytes_of(text);
  }

  std::string text;
  mapping memory;
};

[[nodiscard]] received_message receive_message(int socket, const message_limits& limits = {});

}  // namespace emilua::ipc
