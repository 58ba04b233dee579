#include "lib/ipc/message.h"

#include <cerrno>

#include "lib/base/file.h"

namespace emilua::ipc {
namespace {

constexpr char inline_message = 0;
constexpr char message_in_memory = 1;

}  // namespace

base::result<outgoing_message> outgoing_message::prepare(const message_writer& writer,
                                                         const message_limits& limits) {
  const base::byte_view bytes = writer.bytes();
  if (bytes.size() > limits.bytes) return base::system_error(EMSGSIZE);
  outgoing_message message;
  if (bytes.size() < max_packet) {
    message.packet_.reserve(bytes.size() + 1);
    message.packet_ += inline_message;
    message.packet_ += base::text_of(bytes);
  } else {
    auto memory = seal(bytes);
    if (!memory) return memory.error();
    message.packet_ += message_in_memory;
    message.descriptors_.push_back(memory->get());
    message.kept_.push_back(std::move(*memory));
  }
  message.descriptors_.insert(message.descriptors_.end(), writer.descriptors().begin(),
                              writer.descriptors().end());
  if (message.descriptors_.size() > max_descriptors) return base::system_error(EINVAL);
  return message;
}

base::result<> outgoing_message::send(int socket) const noexcept {
  return send_packet(socket, base::bytes_of(packet_), descriptors_);
}

base::result<> outgoing_message::keep_descriptors() {
  for (std::size_t i = kept_.size(); i != descriptors_.size(); ++i) {
    auto copy = base::duplicate(descriptors_[i]);
    if (!copy) return copy.error();
    descriptors_[i] = kept_.emplace_back(std::move(*copy)).get();
  }
  return {};
}

received_message receive_message(int socket, const message_limits& limits) {
  std::byte room[max_packet];
  received_packet packet = receive_packet(socket, room);
  received_message message;
  message.status = packet.status;
  if (packet.status != packet_status::received) return message;

  message.status = packet_status::malformed;
  const auto kind = static_cast<char>(packet.bytes[0]);
  const base::byte_view rest = packet.bytes.subspan(1);
  if (kind == inline_message && !rest.empty()) {
    message.text = base::text_of(rest);
  } else if (kind == message_in_memory && rest.empty() && !packet.fds.empty()) {
    auto memory = open_sealed(packet.fds.front().get(), limits.bytes);
    if (!memory) return message;
    message.memory = std::move(*memory);
    packet.fds.erase(packet.fds.begin());
  } else {
    return message;
  }
  if (check(message.bytes(), packet.fds.size(), limits) != message_error::none) return message;
  message.fds = std::move(packet.fds);
  message.status = packet_status::received;
  return message;
}

}  // namespace emilua::ipc
