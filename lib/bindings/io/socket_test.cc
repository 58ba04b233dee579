#include "lib/bindings/io/socket.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/file.h"
#include "lib/bindings/unix/address.h"

namespace emilua::bindings {
namespace {

namespace asio = boost::asio;

const std::error_code aborted = asio::error::make_error_code(asio::error::operation_aborted);
const std::error_code eof = asio::error::make_error_code(asio::error::eof);

std::size_t open_descriptors() {
  std::size_t count = 0;
  DIR* directory = ::opendir("/proc/self/fd");
  while (::readdir(directory) != nullptr) ++count;
  ::closedir(directory);
  return count;
}

template <class Value>
struct outcome {
  std::error_code error;
  Value value;
};

class SocketTest : public testing::TestWithParam<socket_kind> {
 protected:
  // Keeps what the handler was told.
  template <class Value>
  auto into(std::optional<outcome<Value>>& target) {
    return asio::bind_executor(loop.get_executor(), [&target](std::error_code error, Value value) {
      target = outcome<Value>{error, std::move(value)};
    });
  }
  auto into(std::optional<std::error_code>& target) {
    return asio::bind_executor(loop.get_executor(),
                               [&target](std::error_code error) { target = error; });
  }

  void run() {
    loop.restart();
    loop.run();
  }
  void poll() {
    loop.restart();
    loop.poll();
  }

  static int type_of(socket_kind kind) {
    return kind == socket_kind::stream     ? SOCK_STREAM
           : kind == socket_kind::datagram ? SOCK_DGRAM
                                           : SOCK_SEQPACKET;
  }
  static base::unique_fd make_socket(socket_kind kind) {
    base::unique_fd fd{::socket(AF_UNIX, type_of(kind) | SOCK_CLOEXEC, 0)};
    EXPECT_TRUE(fd);
    return fd;
  }
  // `io` over one end; the other end.
  base::unique_fd connect_io(socket_object& object, socket_kind kind) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, type_of(kind) | SOCK_CLOEXEC, 0, ends), 0);
    object.assign(base::unique_fd{ends[0]});
    return base::unique_fd{ends[1]};
  }
  // A name that nobody else has.
  static socket_address bind_automatically(int fd) {
    const auto none = *to_unix_address("");
    EXPECT_EQ(::bind(fd, none.get(), none.size), 0);
    socket_address name{};
    name.size = sizeof name.storage;
    EXPECT_EQ(::getsockname(fd, name.get(), &name.size), 0);
    return name;
  }
  void fill(int fd) {
    const std::string block(1024, 'x');
    while (::send(fd, block.data(), block.size(), MSG_DONTWAIT) > 0) {
    }
  }

  asio::io_context loop;
  std::string room = std::string(64, '-');
  std::optional<outcome<received_message>> received;
  std::optional<outcome<std::size_t>> sent;
};

INSTANTIATE_TEST_SUITE_P(Kinds, SocketTest,
                         testing::Values(socket_kind::stream, socket_kind::datagram,
                                         socket_kind::seqpacket));

TEST_P(SocketTest, AMessageIsAwaitedAndTheSocketStaysInBlockingMode) {
  socket_object io{loop, GetParam()};
  const auto peer = connect_io(io, GetParam());
  io.async_receive({.buffer = asio::buffer(room)}, into(received));
  EXPECT_FALSE(received) << "completed inside its start";
  poll();
  EXPECT_FALSE(received);
  ASSERT_EQ(::send(peer.get(), "abc", 3, 0), 3);
  run();
  EXPECT_FALSE(received->error);
  EXPECT_EQ(room.substr(0, received->value.bytes), "abc");
  EXPECT_EQ(::fcntl(io.native(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_P(SocketTest, DescriptorsTravelAndTheRestIsClosed) {
  socket_object io{loop, GetParam()}, other{loop, GetParam()};
  other.assign(connect_io(io, GetParam()));
  base::unique_fd null{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  const std::vector<int> many(ipc::max_descriptors, null.get());
  const std::size_t before = open_descriptors();
  for (const std::size_t wanted : {std::size_t{1}, std::size_t{5}, ipc::max_descriptors}) {
    other.async_send({.buffer = asio::buffer("ab", 2), .descriptors = many}, into(sent));
    io.async_receive({.buffer = asio::buffer(room), .max_descriptors = wanted}, into(received));
    run();
    ASSERT_FALSE(sent->error) << sent->error.message();
    ASSERT_EQ(received->value.fds.size(), wanted);
    EXPECT_EQ(open_descriptors(), before + wanted);
    for (const base::unique_fd& fd : received->value.fds)
      EXPECT_EQ(::fcntl(fd.get(), F_GETFD), FD_CLOEXEC);
    received.reset();
    EXPECT_EQ(open_descriptors(), before);
  }
}

TEST_P(SocketTest, DescriptorsThatNobodyWantsAreClosed) {
  socket_object io{loop, GetParam()}, other{loop, GetParam()};
  other.assign(connect_io(io, GetParam()));
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  base::unique_fd reader{ends[0]}, writer{ends[1]};
  const int numbers[] = {writer.get()};
  other.async_send({.buffer = asio::buffer("ab", 2), .descriptors = numbers}, into(sent));
  run();
  writer.reset();
  io.async_receive({.buffer = asio::buffer(room)}, into(received));
  run();
  EXPECT_EQ(received->value.bytes, 2U);
  char byte;
  EXPECT_EQ(::read(reader.get(), &byte, 1), 0) << "the pipe has a writer left";
}

TEST_P(SocketTest, MoreDescriptorsThanAMessageCarries) {
  socket_object io{loop, GetParam()};
  const auto peer = connect_io(io, GetParam());
  const std::vector<int> many(ipc::max_descriptors + 1, 0);
  io.async_send({.buffer = asio::buffer("a", 1), .descriptors = many}, into(sent));
  run();
  EXPECT_EQ(sent->error, std::errc::invalid_argument);
  char byte;
  EXPECT_EQ(::recv(peer.get(), &byte, 1, MSG_DONTWAIT), -1);
}

TEST_P(SocketTest, CancellingOneOperationLeavesTheOthers) {
  socket_object io{loop, GetParam()};
  const auto peer = connect_io(io, GetParam());
  std::optional<outcome<received_message>> second;
  asio::cancellation_signal signal;
  io.async_receive({.buffer = asio::buffer(room)},
                   asio::bind_cancellation_slot(signal.slot(), into(received)));
  io.async_receive({.buffer = asio::buffer(room)}, into(second));
  poll();
  // The data is there when the request comes: it is for the second.
  ASSERT_EQ(::send(peer.get(), "abc", 3, 0), 3);
  signal.emit(asio::cancellation_type::all);
  run();
  EXPECT_EQ(received->error, aborted);
  EXPECT_EQ(second->value.bytes, 3U);
}

TEST_P(SocketTest, WhatIsDoneKeepsItsResult) {
  socket_object io{loop, GetParam()};
  const auto peer = connect_io(io, GetParam());
  asio::cancellation_signal signal;
  ASSERT_EQ(::send(peer.get(), "abc", 3, 0), 3);
  io.async_receive({.buffer = asio::buffer(room)},
                   asio::bind_cancellation_slot(signal.slot(), into(received)));
  signal.emit(asio::cancellation_type::all);
  io.close();
  run();
  EXPECT_FALSE(received->error);
  EXPECT_EQ(received->value.bytes, 3U);
}

TEST_P(SocketTest, ShuttingDownWakesReadersAndWriters) {
  socket_object io{loop, GetParam()};
  const auto peer = connect_io(io, GetParam());
  fill(io.native());
  io.async_receive({.buffer = asio::buffer(room)}, into(received));
  io.async_send({.buffer = asio::buffer(room)}, into(sent));
  poll();
  ASSERT_FALSE(received);
  ASSERT_FALSE(sent);
  ASSERT_FALSE(io.shutdown(SHUT_RDWR));
  run();
  EXPECT_EQ(received->error, eof);
  EXPECT_EQ(sent->error, std::errc::broken_pipe);
}

TEST_P(SocketTest, NotOpen) {
  socket_object io{loop, GetParam()};
  std::optional<outcome<base::unique_fd>> accepted;
  std::optional<std::error_code> connected;
  io.async_receive({.buffer = asio::buffer(room)}, into(received));
  io.async_send({.buffer = asio::buffer(room)}, into(sent));
  io.async_accept(std::make_shared<bool>(false), into(accepted));
  io.async_connect({}, into(connected));
  run();
  EXPECT_EQ(received->error, std::errc::bad_file_descriptor);
  EXPECT_EQ(sent->error, std::errc::bad_file_descriptor);
  EXPECT_EQ(accepted->error, std::errc::bad_file_descriptor);
  EXPECT_EQ(*connected, std::errc::bad_file_descriptor);
}

TEST_F(SocketTest, AcceptLeavesBlockingModeAndReleaseRestoresIt) {
  socket_object acceptor{loop, socket_kind::stream};
  acceptor.assign(make_socket(socket_kind::stream));
  const auto name = bind_automatically(acceptor.native());
  ASSERT_EQ(::listen(acceptor.native(), 5), 0);
  std::optional<outcome<base::unique_fd>> accepted;
  acceptor.async_accept(std::make_shared<bool>(false), into(accepted));
  poll();
  EXPECT_FALSE(accepted);
  socket_object client{loop, socket_kind::stream};
  client.assign(make_socket(socket_kind::stream));
  std::optional<std::error_code> connected;
  client.async_connect(name, into(connected));
  run();
  EXPECT_FALSE(*connected);
  EXPECT_FALSE(accepted->error);
  EXPECT_EQ(::fcntl(accepted->value.get(), F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(::fcntl(client.native(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(acceptor.native(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_EQ(::fcntl(acceptor.release().get(), F_GETFL) & O_NONBLOCK, 0);
}

// Readiness cannot tell when the listener's queue has room.
TEST_F(SocketTest, ConnectingToAFullListenerIsAwaited) {
  const auto listener = make_socket(socket_kind::stream);
  const auto name = bind_automatically(listener.get());
  ASSERT_EQ(::listen(listener.get(), 0), 0);
  std::vector<base::unique_fd> clients;
  for (;;) {
    base::unique_fd client{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (::connect(client.get(), name.get(), name.size) == -1) break;
    clients.push_back(std::move(client));
  }
  ASSERT_EQ(errno, EAGAIN);
  socket_object io{loop, socket_kind::stream}, late{loop, socket_kind::stream};
  io.assign(make_socket(socket_kind::stream));
  late.assign(make_socket(socket_kind::stream));
  std::optional<std::error_code> connected, cancelled;
  asio::cancellation_signal signal;
  io.async_connect(name, into(connected));
  late.async_connect(name, asio::bind_cancellation_slot(signal.slot(), into(cancelled)));
  poll();
  signal.emit(asio::cancellation_type::all);
  for (std::size_t i = 0; i != clients.size(); ++i)
    base::unique_fd{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
  run();
  EXPECT_FALSE(*connected) << connected->message();
  EXPECT_EQ(*cancelled, aborted);
}

// POLLOUT does not look at a peer to which the socket is not connected.
TEST_F(SocketTest, SendingToAFullPeerIsAwaitedWithoutSpinning) {
  const auto peer = make_socket(socket_kind::datagram);
  const auto name = bind_automatically(peer.get());
  socket_object io{loop, socket_kind::datagram};
  io.assign(make_socket(socket_kind::datagram));
  std::size_t queued = 0;
  while (::sendto(io.native(), "x", 1, MSG_DONTWAIT, name.get(), name.size) == 1) ++queued;
  ASSERT_EQ(errno, EAGAIN);
  io.async_send({.buffer = asio::buffer("last", 4), .to = name}, into(sent));
  // Most turns end a pause: so many without one would be over at once.
  loop.restart();
  const auto began = std::chrono::steady_clock::now();
  for (int turn = 0; turn != 16; ++turn) ASSERT_EQ(loop.run_one(), 1U);
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds{3});
  EXPECT_FALSE(sent);
  while (::recv(peer.get(), room.data(), room.size(), MSG_DONTWAIT) == 1) --queued;
  EXPECT_EQ(queued, 0U);
  run();
  EXPECT_FALSE(sent->error);
  EXPECT_EQ(::recv(peer.get(), room.data(), room.size(), MSG_DONTWAIT), 4);
}

TEST_F(SocketTest, EmptyMessages) {
  socket_object stream{loop, socket_kind::stream}, packets{loop, socket_kind::seqpacket},
      datagrams{loop, socket_kind::datagram};
  const auto first = connect_io(stream, socket_kind::stream);
  const auto second = connect_io(packets, socket_kind::seqpacket);
  const auto third = connect_io(datagrams, socket_kind::datagram);
  stream.async_receive({}, into(received));  // asks nobody
  run();
  EXPECT_FALSE(received->error);
  ASSERT_EQ(::send(second.get(), "", 0, 0), 0);
  packets.async_receive({.buffer = asio::buffer(room)}, into(received));
  run();
  EXPECT_EQ(received->error, eof);
  ASSERT_EQ(::send(third.get(), "", 0, 0), 0);
  datagrams.async_receive({.buffer = asio::buffer(room)}, into(received));
  run();
  EXPECT_FALSE(received->error);
  EXPECT_EQ(received->value.bytes, 0U);
}

}  // namespace
}  // namespace emilua::bindings
