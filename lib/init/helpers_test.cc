// The round trip of data and descriptors between a script and its host.
#include "lib/init/helpers.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "lib/base/unique_fd.h"
#include "lib/init/run_script.h"

namespace emilua::init {
namespace {

using base::unique_fd;

class Descriptors : public ::testing::Test {
 protected:
  Descriptors() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    host = unique_fd{ends[0]};
    guest = unique_fd{ends[1]};
  }

  void send(std::string_view text, std::span<const int> fds) {
    iovec data{const_cast<char*>(text.data()), text.size()};
    alignas(cmsghdr) std::array<char, 2048> control{};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    if (!fds.empty()) {
      message.msg_control = control.data();
      message.msg_controllen = CMSG_SPACE(fds.size_bytes());
      cmsghdr* const item = CMSG_FIRSTHDR(&message);
      item->cmsg_level = SOL_SOCKET;
      item->cmsg_type = SCM_RIGHTS;
      item->cmsg_len = CMSG_LEN(fds.size_bytes());
      std::memcpy(CMSG_DATA(item), fds.data(), fds.size_bytes());
    }
    ASSERT_EQ(::sendmsg(host.get(), &message, 0), static_cast<ssize_t>(text.size()));
  }

  outcome run(std::string_view script) { return run_script(script, {.argument = guest.get()}); }

  unique_fd host, guest;
  unique_fd file{::memfd_create("helpers_test", 0)};
};

// 40 §17.10
TEST_F(Descriptors, ArriveCloseOnExec) {
  send("hello", {{file.get()}});
  EXPECT_EQ(run(R"(
    local text, fd, reason = receive_with_fd(arg, 100)
    assert(text == 'hello' and reason == 0 and fd > 2)
    C.write(fd, 'from the guest')
    C.execve('/bin/sh', {'sh', '-c', '[ -e /proc/self/fd/' .. fd .. ' ] || exit 7'})
  )"),
            (outcome{7, ""}));
  EXPECT_EQ(::lseek(file.get(), 0, SEEK_END), 14);
}

// 40 §17.9
TEST_F(Descriptors, AreMinusOneWithoutAny) {
  send("hello", {});
  EXPECT_EQ(run(R"(
    assert(select('#', receive_with_fd(arg, 3)) == 3)
  )"),
            ended_well);
  send("hello", {});
  EXPECT_EQ(run(R"(
    local text, fd, reason = receive_with_fd(arg, 3)
    assert(text == 'hel' and fd == -1 and reason == 0)
  )"),
            ended_well);
}

TEST_F(Descriptors, EndOfFileIsNoError) {
  host.reset();
  EXPECT_EQ(run(R"(
    local text, fd, reason = receive_with_fd(arg, 10)
    assert(text == '' and fd == -1 and reason == 0)
  )"),
            ended_well);
}

TEST_F(Descriptors, FailuresHaveThreeResults) {
  EXPECT_EQ(run(R"(
    errexit = false
    local text, fd, reason = receive_with_fd(-1, 10)
    assert(text == nil and fd == -1 and reason == C.EBADF)
    text, fd, reason = receive_with_fd(C.open('/dev/null', 0), 10)
    assert(text == nil and fd == -1 and reason == C.ENOTSOCK)
  )"),
            ended_well);
}

// The numbers are handed out from the lowest: a leak would show in the next one.
TEST_F(Descriptors, ExtraOnesAreClosed) {
  std::array<int, 253> many;
  many.fill(file.get());
  send("a", {{file.get(), file.get()}});
  send("b", many);
  EXPECT_EQ(run(R"(
    local text, first = receive_with_fd(arg, 10)
    local text, second = receive_with_fd(arg, 10)
    assert(second == first + 1)
    assert(C.dup(0) == second + 1)
  )"),
            ended_well);
}

TEST_F(Descriptors, ComeBesidesCredentials) {
  const int on = 1;
  ASSERT_EQ(::setsockopt(guest.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on), 0);
  send("a", {{file.get()}});
  EXPECT_EQ(run(R"(
    local text, fd = receive_with_fd(arg, 10)
    assert(text == 'a' and fd ~= -1)
  )"),
            ended_well);
}

// RLIMIT_NOFILE is filled up, so that the kernel drops the descriptor and says MSG_CTRUNC.
TEST_F(Descriptors, LostOnesAreAnError) {
  send("a", {{file.get()}});
  EXPECT_EQ(run(R"(
    errexit = false
    local highest = C.dup(0)
    assert(C.setrlimit(C.RLIMIT_NOFILE, {rlim_cur = highest, rlim_max = highest}) == 0)
    C.close(highest)
    while C.dup(0) ~= -1 do end
    local text, fd, reason = receive_with_fd(arg, 10)
    assert(text == nil and fd == -1 and reason == C.EMFILE)
  )"),
            ended_well);
}

TEST_F(Descriptors, AreSent) {
  EXPECT_EQ(run(R"(
    local sent, reason = send_with_fd(arg, 'here', C.open('/dev/null', C.O_RDONLY))
    assert(sent == 4 and reason == 0)
    errexit = false
    local sent, reason = send_with_fd(arg, 'x', -1)
    assert(sent == -1 and reason == C.EBADF)
  )"),
            ended_well);
  char text[16];
  iovec data{text, sizeof text};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ASSERT_EQ(::recvmsg(host.get(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT), 4);
  EXPECT_EQ(std::string_view(text, 4), "here");
  ASSERT_NE(CMSG_FIRSTHDR(&message), nullptr);
  int number = -1;
  std::memcpy(&number, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof number);
  unique_fd null{number};
  EXPECT_EQ(::read(null.get(), text, 1), 0);
}

// Of the kinds of local sockets, only streams raise it.
TEST_F(Descriptors, SendingToNobodyIsAnErrorNotASignal) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  guest = unique_fd{ends[1]};
  ::close(ends[0]);
  EXPECT_EQ(run("send_with_fd(arg, 'x', 0)"), failed("ipc_actor/init: send_with_fd: Broken pipe"));
  EXPECT_EQ(run("C.write(arg, 'x')").status, 128 + SIGPIPE);
}

TEST(ListDirectory, HasTheNamesOfAllEntries) {
  EXPECT_EQ(run_script(R"(
    local here = {}
    for _, name in ipairs(list_directory(C.open('/proc/self', C.O_RDONLY))) do here[name] = true end
    assert(here.status and here.fd and here.root and not here['.'] and not here['..'])
    local fd = C.open('/proc/self/task', C.O_RDONLY)
    local names, reason = list_directory(fd)
    assert(#names == 1 and reason == 0)
    assert(#list_directory(fd) == 0)  -- where it was read up to
    assert(not pcall(list_directory))
  )"),
            ended_well);
}

TEST(ListDirectory, FailuresFollowErrexit) {
  EXPECT_EQ(run_script("list_directory(-1)"),
            failed("ipc_actor/init: list_directory: Bad file descriptor"));
  EXPECT_EQ(run_script(R"(
    errexit = false
    local names, reason = list_directory(C.open('/proc/self/status', C.O_RDONLY))
    assert(names == nil and reason == C.ENOTDIR)
  )"),
            ended_well);
}

TEST(BindUnix, MakesASocketThatListens) {
  // The tests' own directory may be too deep for the name of a socket.
  char directory[] = "/tmp/init_helpers.XXXXXX";
  ASSERT_NE(::mkdtemp(directory), nullptr);
  const std::string path = std::string{directory} + "/socket";
  EXPECT_EQ(run_script("local path = '" + path + "'" + R"(
    os.remove(path)
    local listener = C.socket(C.AF_UNIX, bit.bor(C.SOCK_STREAM, C.SOCK_CLOEXEC), 0)
    local result, reason = bind_unix(listener, path)
    assert(result == 0 and reason == 0)
    assert(C.listen(listener, 5) == 0)
    errexit = false
    local second = C.socket(C.AF_UNIX, C.SOCK_STREAM, 0)
    assert(select(2, bind_unix(second, path)) == C.EADDRINUSE)
    assert(select(2, bind_unix(-1, path)) == C.EBADF)
  )"),
            ended_well);
  const unique_fd client{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path.size(), sizeof address.sun_path);
  std::ranges::copy(path, address.sun_path);
  // It is there, under this very name; its owner has gone.
  EXPECT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), -1);
  EXPECT_EQ(errno, ECONNREFUSED);
  EXPECT_EQ(::unlink(path.c_str()), 0);
  EXPECT_EQ(::rmdir(directory), 0);
}

TEST(BindUnix, TakesPathsThatFit) {
  EXPECT_EQ(run_script(R"(
    errexit = false
    local fd = C.socket(C.AF_UNIX, C.SOCK_STREAM, 0)
    assert(select(2, bind_unix(fd, '')) == C.ENOENT)  -- and no abstract address
    assert(select(2, bind_unix(fd, ('x'):rep(108))) == C.ENAMETOOLONG)
    assert(select(2, bind_unix(fd, '/absent/' .. ('x'):rep(99))) == C.ENOENT)  -- 107 bytes
    local ok, message = pcall(bind_unix, fd, '\0abstract')
    assert(not ok and message:find('NUL byte', 1, true))
  )"),
            ended_well);
}

TEST_F(Descriptors, MalformedCallsAreLuaErrors) {
  EXPECT_EQ(run(R"(
    for _, call in ipairs{
      {receive_with_fd}, {receive_with_fd, 0}, {receive_with_fd, 0, -1}, {receive_with_fd, 'x', 1},
      {send_with_fd, 0, 'x'}, {send_with_fd, 0, {}, 0}, {write_all, 0}, {write_all, 0.5, ''},
      {mode, 7, 5}, {mode, 'x', 1, 1}, {bind_unix, 0}, {bind_unix, {}, 'x'}, {dev_major},
      {dev_minor, -1}, {dev_minor, {}}} do
      local ok, message = pcall(unpack(call))
      assert(not ok and message:find('bad argument', 1, true))
    end
  )"),
            ended_well);
}

}  // namespace
}  // namespace emilua::init
