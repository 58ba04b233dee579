// Sockets of the local domain: where the other side is, how to get there, and who it is.
//
//   connection_options options{.type = SOCK_SEQPACKET, .peer_uid = 0};
//   deadline deadline{options.patience};
//   base::unique_fd socket = connect_to("--to", parse_endpoint("--to", "@ctl"), options, deadline);
//
// Everything that fails throws tools::refusal; malformed text, tools::misuse.
// Source: unix(7), socket(7).
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <optional>
#include <string>

#include "lib/base/unique_fd.h"

namespace emilua::fdpass {

struct endpoint {
  enum class kind { path, abstract, descriptor };

  kind what;
  std::string text;  // as it was written
  int fd = -1;       // borrowed
};

struct connection_options {
  int type = SOCK_SEQPACKET;
  std::optional<std::chrono::nanoseconds> patience;
  std::optional<uid_t> peer_uid;
  std::optional<pid_t> peer_pid;

  [[nodiscard]] bool choosy() const noexcept { return peer_uid || peer_pid; }
};

class deadline {
 public:
  explicit deadline(std::optional<std::chrono::nanoseconds> patience);

  [[nodiscard]] bool exists() const noexcept { return end_.has_value(); }
  // Until the descriptor has one of the poll(2) events. `what` is what is waited for.
  void wait(int fd, short events, const std::string& what) const;
  // A moment later, or the refusal that this took too long.
  void pause(const std::string& what) const;

 private:
  [[nodiscard]] int left(const std::string& what) const;  // milliseconds, -1: for ever

  std::optional<std::chrono::steady_clock::time_point> end_;
};

[[nodiscard]] endpoint parse_endpoint(const std::string& option, const std::string& text);

// With a deadline, waits for a receiver that is not there yet.
[[nodiscard]] base::unique_fd connect_to(const endpoint& to, const connection_options& options,
                                         const deadline& deadline);

// A bound socket, which for streams and packets listens. One that nobody listens on any more is
// replaced.
[[nodiscard]] base::unique_fd listen_on(const endpoint& at, int type);

[[nodiscard]] bool is_datagram(int socket);

// Datagrams say who sends them, if either side has asked for it before they are sent.
void attach_credentials(int socket);

// Who has connected (or listens, or made the pair); pid 0: nobody that this process could see.
[[nodiscard]] ucred peer_of(int socket);

// Whether this is whom the options want; else a complaint.
[[nodiscard]] std::optional<std::string> objection(const ucred& peer,
                                                   const connection_options& options);

}  // namespace emilua::fdpass
