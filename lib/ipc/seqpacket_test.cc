#include "lib/ipc/seqpacket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <string>
#include <tuple>
#include <vector>

#include "lib/base/file.h"
#include "lib/ipc/test_child.h"

namespace emilua::ipc {
namespace {

using base::bytes_of;
using base::text_of;

constexpr int so_passpidfd = 76;  // Linux 6.5

struct channel {
  base::unique_fd reader;
  base::unique_fd writer;
  std::array<std::byte, 64> room;

  channel() {
    auto ends = make_channel();
    EXPECT_TRUE(ends) << ends.error();
    if (ends) std::tie(reader, writer) = std::move(*ends);
  }

  base::result<> send(std::string_view text, std::span<const int> fds = {}) {
    return send_packet(writer.get(), bytes_of(text), fds);
  }
  // Past send_packet's own checks, as a hostile peer would.
  ssize_t send_raw(std::string_view text) {
    return ::send(writer.get(), text.data(), text.size(), MSG_NOSIGNAL);
  }
  received_packet receive() { return receive_packet(reader.get(), room); }
};

base::unique_fd null_device() {
  base::unique_fd fd{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  EXPECT_TRUE(fd);
  return fd;
}

// The same descriptor many times over: each arrives as one of its own.
std::vector<int> copies(const base::unique_fd& fd, std::size_t count) {
  return std::vector<int>(count, fd.get());
}

bool same_file(int a, int b) {
  struct stat x;
  struct stat y;
  return ::fstat(a, &x) == 0 && ::fstat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

// --- the channel ----------------------------------------------------------

TEST(Channel, EndsAreCloseOnExec) {
  channel c;
  EXPECT_TRUE(::fcntl(c.reader.get(), F_GETFD) & FD_CLOEXEC);
  EXPECT_TRUE(::fcntl(c.writer.get(), F_GETFD) & FD_CLOEXEC);
}

TEST(Channel, LeadsOneWayOnly) {
  channel c;
  EXPECT_EQ(send_packet(c.reader.get(), bytes_of("x"), {}).error(), std::errc::broken_pipe);
  EXPECT_EQ(receive_packet(c.writer.get(), c.room).status, packet_status::closed);
  EXPECT_TRUE(c.send("still"));
  EXPECT_EQ(text_of(c.receive().bytes), "still");
}

TEST(Channel, KeepsPacketsApartAndInOrder) {
  channel c;
  ASSERT_TRUE(c.send("one"));
  ASSERT_TRUE(c.send(std::string_view{"t\0w", 3}));
  EXPECT_EQ(text_of(c.receive().bytes), "one");
  EXPECT_EQ(text_of(c.receive().bytes), (std::string_view{"t\0w", 3}));
}

TEST(Channel, ReportsTheKernelsError) {
  EXPECT_EQ(in_child([] {
              const rlimit none{0, 0};
              if (::setrlimit(RLIMIT_NOFILE, &none) == -1) return 201;
              return make_channel().error().value();
            }),
            EMFILE);
}

// --- receiving ------------------------------------------------------------

TEST(Receive, DoesNotWaitOnAnEmptyQueue) {
  channel c;
  const received_packet packet = c.receive();
  EXPECT_EQ(packet.status, packet_status::would_block);
  EXPECT_TRUE(packet.bytes.empty());
}

TEST(Receive, WriterGoneIsClosedOnceTheQueueIsEmpty) {
  channel c;
  ASSERT_TRUE(c.send("last words"));
  c.writer.reset();
  EXPECT_EQ(text_of(c.receive().bytes), "last words");
  EXPECT_EQ(c.receive().status, packet_status::closed);
  EXPECT_EQ(c.receive().status, packet_status::closed);
}

TEST(Receive, IsClosedOnlyWhenEveryWriterIsGone) {
  channel c;
  auto second = base::duplicate(c.writer.get());
  ASSERT_TRUE(second);
  c.writer.reset();
  EXPECT_EQ(c.receive().status, packet_status::would_block);
  ASSERT_TRUE(send_packet(second->get(), bytes_of("x"), {}));
  second->reset();
  EXPECT_EQ(c.receive().status, packet_status::received);
  EXPECT_EQ(c.receive().status, packet_status::closed);
}

TEST(Receive, AWriterInFlightIsAWriter) {
  channel c;
  channel carrier;
  const int writer = c.writer.get();
  ASSERT_TRUE(carrier.send("x", {&writer, 1}));
  c.writer.reset();
  EXPECT_EQ(c.receive().status, packet_status::would_block);
  carrier = channel{};
  EXPECT_EQ(c.receive().status, packet_status::closed);
}

TEST(Receive, DeadChildIsClosed) {
  channel c;
  EXPECT_EQ(in_child([&] { return c.send("from the child") ? 0 : 1; }), 0);
  c.writer.reset();
  EXPECT_EQ(text_of(c.receive().bytes), "from the child");
  EXPECT_EQ(c.receive().status, packet_status::closed);
}

TEST(Receive, PacketOfTheRoomsSizeIsReceived) {
  channel c;
  ASSERT_TRUE(c.send(std::string(c.room.size(), 'x')));
  const received_packet packet = c.receive();
  EXPECT_EQ(packet.status, packet_status::received);
  EXPECT_EQ(packet.bytes.size(), c.room.size());
}

TEST(Receive, LongerPacketIsMalformed) {
  channel c;
  ASSERT_TRUE(c.send(std::string(c.room.size() + 1, 'x')));
  const received_packet packet = c.receive();
  EXPECT_EQ(packet.status, packet_status::malformed);
  EXPECT_TRUE(packet.bytes.empty());
}

TEST(Receive, LongerPacketsDescriptorsAreClosed) {
  channel c;
  base::unique_fd fd = null_device();
  ASSERT_TRUE(c.send(std::string(c.room.size() + 1, 'x'), copies(fd, 9)));
  const int before = open_descriptors();
  const received_packet packet = c.receive();
  EXPECT_EQ(packet.status, packet_status::malformed);
  EXPECT_TRUE(packet.fds.empty());
  EXPECT_EQ(open_descriptors(), before);
}

TEST(Receive, AnyPacketIsMalformedWithoutRoom) {
  channel c;
  ASSERT_TRUE(c.send("x"));
  EXPECT_EQ(receive_packet(c.reader.get(), {}).status, packet_status::malformed);
}

TEST(Receive, EmptyPacketIsMalformed) {
  channel c;
  ASSERT_EQ(c.send_raw(""), 0);
  EXPECT_EQ(c.receive().status, packet_status::malformed);
}

TEST(Receive, EmptyPacketBeforeOthersIsMalformed) {
  channel c;
  ASSERT_EQ(c.send_raw(""), 0);
  ASSERT_TRUE(c.send("x"));
  EXPECT_EQ(c.receive().status, packet_status::malformed);
}

TEST(Receive, EmptyPacketOfAWriterThatIsGoneIsClosed) {
  channel c;
  ASSERT_EQ(c.send_raw(""), 0);
  c.writer.reset();
  EXPECT_EQ(c.receive().status, packet_status::closed);
}

TEST(Receive, EmptyPacketsDescriptorsAreClosed) {
  channel c;
  base::unique_fd fd = null_device();
  alignas(cmsghdr) unsigned char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int number = fd.get();
  std::memcpy(CMSG_DATA(header), &number, sizeof number);
  ASSERT_EQ(::sendmsg(c.writer.get(), &message, MSG_NOSIGNAL), 0);
  c.writer.reset();  // the descriptor tells this packet from the end
  const int before = open_descriptors();
  const received_packet packet = c.receive();
  EXPECT_EQ(packet.status, packet_status::malformed);
  EXPECT_TRUE(packet.fds.empty());
  EXPECT_EQ(open_descriptors(), before);
}

TEST(Receive, FailedSocketIsClosed) {
  base::unique_fd fd = null_device();
  std::array<std::byte, 8> room;
  EXPECT_EQ(receive_packet(fd.get(), room).status, packet_status::closed);  // ENOTSOCK
  EXPECT_EQ(receive_packet(-1, room).status, packet_status::closed);
}

TEST(Receive, ResetConnectionIsClosed) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  base::unique_fd ours{ends[0]};
  base::unique_fd theirs{ends[1]};
  ASSERT_EQ(::send(ours.get(), "unread", 6, MSG_NOSIGNAL), 6);
  theirs.reset();
  std::array<std::byte, 8> room;
  EXPECT_EQ(receive_packet(ours.get(), room).status, packet_status::closed);  // ECONNRESET
  EXPECT_EQ(receive_packet(ours.get(), room).status, packet_status::closed);
}

// --- descriptors ----------------------------------------------------------

TEST(Descriptors, ArriveInOrderAndCloseOnExec) {
  channel c;
  base::unique_fd null = null_device();
  base::unique_fd zero{::open("/dev/zero", O_RDONLY | O_CLOEXEC)};
  const int sent[] = {null.get(), zero.get(), null.get()};
  ASSERT_TRUE(c.send("x", sent));
  const received_packet packet = c.receive();
  ASSERT_EQ(packet.status, packet_status::received);
  ASSERT_EQ(packet.fds.size(), 3u);
  for (std::size_t i = 0; i != 3; ++i) {
    EXPECT_TRUE(same_file(packet.fds[i].get(), sent[i]));
    EXPECT_TRUE(::fcntl(packet.fds[i].get(), F_GETFD) & FD_CLOEXEC);
  }
}

TEST(Descriptors, StayWithTheirPacket) {
  channel c;
  base::unique_fd fd = null_device();
  ASSERT_TRUE(c.send("a", copies(fd, 1)));
  ASSERT_TRUE(c.send("b"));
  EXPECT_EQ(c.receive().fds.size(), 1u);
  EXPECT_EQ(c.receive().fds.size(), 0u);
}

TEST(Descriptors, AsManyAsTheKernelCarriesArrive) {
  channel c;
  base::unique_fd fd = null_device();
  const int before = open_descriptors();
  {
    ASSERT_TRUE(c.send("x", copies(fd, max_descriptors)));
    const received_packet packet = c.receive();
    ASSERT_EQ(packet.status, packet_status::received);
    EXPECT_EQ(packet.fds.size(), max_descriptors);
    EXPECT_EQ(open_descriptors(), before + static_cast<int>(max_descriptors));
    for (const base::unique_fd& received : packet.fds)
      EXPECT_TRUE(same_file(received.get(), fd.get()));
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST(Descriptors, OneMoreIsRefusedBeforeItIsSent) {
  channel c;
  base::unique_fd fd = null_device();
  EXPECT_EQ(c.send("x", copies(fd, max_descriptors + 1)).error(), std::errc::invalid_argument);
  EXPECT_EQ(c.receive().status, packet_status::would_block);
}

TEST(Descriptors, ABadOneIsRefused) {
  channel c;
  const int bad = -1;
  EXPECT_EQ(c.send("x", {&bad, 1}).error(), std::errc::bad_file_descriptor);
  EXPECT_EQ(c.receive().status, packet_status::would_block);
}

TEST(Descriptors, ReceiverOutOfDescriptorsIsMalformedAndLeaksNone) {
  EXPECT_EQ(in_child([] {
              channel c;
              base::unique_fd fd = null_device();
              if (!c.send("x", copies(fd, 5))) return 201;
              const int before = open_descriptors();
              rlimit limit;
              if (::getrlimit(RLIMIT_NOFILE, &limit) == -1) return 202;
              // The lowest free number is the next: three of the five find a place.
              const base::unique_fd next{::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0)};
              const rlimit lowered{static_cast<rlim_t>(next.get()) + 4, limit.rlim_max};
              if (::setrlimit(RLIMIT_NOFILE, &lowered) == -1) return 203;
              {
                const received_packet packet = c.receive();
                if (packet.status != packet_status::malformed) return 204;
                if (!packet.fds.empty() || !packet.bytes.empty()) return 205;
              }
              if (::setrlimit(RLIMIT_NOFILE, &limit) == -1) return 206;
              if (open_descriptors() != before + 1) return 207;  // `next`
              // The channel is none the worse.
              if (!c.send("y", copies(fd, 5))) return 208;
              return c.receive().fds.size() == 5 ? 0 : 209;
            }),
            0);
}

TEST(Descriptors, NoDescriptorLeftAtAllIsMalformed) {
  EXPECT_EQ(in_child([] {
              channel c;
              base::unique_fd fd = null_device();
              if (!c.send("x", copies(fd, 1))) return 201;
              const rlimit none{0, 0};
              if (::setrlimit(RLIMIT_NOFILE, &none) == -1) return 202;
              return c.receive().status == packet_status::malformed ? 0 : 203;
            }),
            0);
}

TEST(Descriptors, CredentialsBesideThemAreNone) {
  channel c;
  base::unique_fd fd = null_device();
  const int on = 1;
  ASSERT_EQ(::setsockopt(c.reader.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on), 0);
  ASSERT_TRUE(c.send("x", copies(fd, max_descriptors)));
  const int before = open_descriptors();
  {
    const received_packet packet = c.receive();
    ASSERT_EQ(packet.status, packet_status::received);
    EXPECT_EQ(packet.fds.size(), max_descriptors);
    EXPECT_EQ(open_descriptors(), before + static_cast<int>(max_descriptors));
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST(Descriptors, TheSendersPidfdIsClosed) {
  channel c;
  base::unique_fd fd = null_device();
  const int on = 1;
  if (::setsockopt(c.reader.get(), SOL_SOCKET, so_passpidfd, &on, sizeof on) == -1)
    EMILUA_SKIP("no SO_PASSPIDFD (Linux 6.5)");
  ASSERT_TRUE(c.send("x", copies(fd, 2)));
  const int before = open_descriptors();
  const received_packet packet = c.receive();
  ASSERT_EQ(packet.status, packet_status::received);
  EXPECT_EQ(packet.fds.size(), 2u);
  EXPECT_EQ(open_descriptors(), before + 2);
}

// --- sending --------------------------------------------------------------

TEST(Send, EmptyPacketIsRefused) {
  channel c;
  EXPECT_EQ(c.send("").error(), std::errc::invalid_argument);
  EXPECT_EQ(c.receive().status, packet_status::would_block);
}

TEST(Send, PacketLargerThanTheBufferIsRefused) {
  channel c;
  int buffer = 0;
  socklen_t size = sizeof buffer;
  ASSERT_EQ(::getsockopt(c.writer.get(), SOL_SOCKET, SO_SNDBUF, &buffer, &size), 0);
  const std::string packet(static_cast<std::size_t>(buffer) + 1, 'x');
  EXPECT_EQ(c.send(packet).error(), std::errc::message_size);
  EXPECT_EQ(c.receive().status, packet_status::would_block);
}

TEST(Send, DoesNotWaitOnAFullQueue) {
  channel c;
  int sent = 0;
  base::result<> result;
  while ((result = c.send("x"))) ++sent;
  EXPECT_EQ(result.error(), std::errc::resource_unavailable_try_again);
  EXPECT_GT(sent, 0);
  EXPECT_EQ(c.receive().status, packet_status::received);
  EXPECT_TRUE(c.send("x"));  // one place was made
  while (c.receive().status == packet_status::received) --sent;
  EXPECT_EQ(sent, 0);
}

// With the default disposition of SIGPIPE, whatever this test was started with.
int send_in_child(const base::unique_fd& writer) {
  return in_child([&] {
    if (::signal(SIGPIPE, SIG_DFL) == SIG_ERR) return 201;
    return send_packet(writer.get(), bytes_of("x"), {}).error().value();
  });
}

TEST(Send, ReaderGoneIsAnErrorAndNoSignal) {
  channel c;
  c.reader.reset();
  EXPECT_EQ(send_in_child(c.writer), EPIPE);
  EXPECT_EQ(send_in_child(c.writer), EPIPE);
}

TEST(Send, ReaderGoneWithPacketsUnreadIsReportedOnceAsReset) {
  channel c;
  ASSERT_TRUE(c.send("unread"));
  c.reader.reset();
  EXPECT_EQ(send_in_child(c.writer), ECONNRESET);
  EXPECT_EQ(send_in_child(c.writer), EPIPE);
}

// Linux signals on stream sockets only; by POSIX it might on any.
TEST(Send, ReaderGoneIsNoSignalOnAnySocket) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  base::unique_fd reader{ends[0]};
  base::unique_fd writer{ends[1]};
  reader.reset();
  EXPECT_EQ(send_in_child(writer), EPIPE);
}

TEST(Send, ToNoSocketIsAnError) {
  base::unique_fd fd = null_device();
  EXPECT_EQ(send_packet(fd.get(), bytes_of("x"), {}).error(), std::errc::not_a_socket);
  EXPECT_EQ(send_packet(-1, bytes_of("x"), {}).error(), std::errc::bad_file_descriptor);
}

}  // namespace
}  // namespace emilua::ipc
