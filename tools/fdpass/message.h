// What goes over the socket: data, and descriptors beside it.
//
//   send_message(socket, data, fds, deadline);
//   message came = receive_message(socket, {.count = 2}, deadline);
//
// Everything that fails throws tools::refusal. Source: unix(7), sendmsg(2), recvmsg(2).
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "lib/ipc/descriptors.h"
#include "tools/fdpass/endpoint.h"

namespace emilua::fdpass {

inline constexpr std::size_t max_data = std::size_t{1} << 16;  // of one message

void send_message(int socket, const std::string& data, std::span<const int> fds,
                  const deadline& deadline);

struct message {
  std::string data;
  ipc::descriptor_list fds;
  std::optional<ucred> sender;  // of a datagram
};

// One message, or as many as it takes for `count` descriptors; those beyond are closed.
[[nodiscard]] message receive_message(int socket, std::optional<std::size_t> count,
                                      const deadline& deadline);

}  // namespace emilua::fdpass
