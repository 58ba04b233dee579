// What the kernel does under the promises: each attempt works without a filter and with the promise
// that it needs, and is refused without; rejections_in_force_test.cc has what none permits. Threads
// are in runtime_under_filter_test.cc, as sanitizers watch over them with calls of their own.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <string>

#include "lib/base/unique_fd.h"
#include "lib/sandbox/test_filter.h"

namespace emilua::sandbox {
namespace {

using ipc::in_child;

// A folder with a file in it, and a terminal.
class InForce : public ::testing::Test {
 protected:
  InForce() {
    std::string pattern = ::testing::TempDir() + "/promisesXXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    file_ = folder_ + "/file";
    base::unique_fd{::open(file_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600)};
  }
  ~InForce() override {
    for (const char* name : {"/file", "/made", "/pipe"}) ::unlink((folder_ + name).c_str());
    ::rmdir((folder_ + "/made").c_str());
    ::rmdir(folder_.c_str());
  }

  // The attempt works unconfined and with the promise, kills without it, and fails with `error`.
  template <class Attempt>
  void expect_needs(promise_set needed, Attempt&& attempt, int refusal = EPERM) {
    const promise_set stdio = promise::stdio;
    EXPECT_EQ(in_child(attempt), 0) << "unconfined";
    EXPECT_EQ(under({.promises = stdio | needed}, attempt), 0) << to_text(needed);
    EXPECT_EQ(under({.promises = stdio}, attempt), refusal == EPERM ? killed_by_filter : refusal)
        << "without " << to_text(needed);
    EXPECT_EQ(under({.promises = stdio | promise::error}, attempt), refusal)
        << "without " << to_text(needed);
  }

  [[nodiscard]] int open_file(int flags) const {
    const base::unique_fd fd{::open(file_.c_str(), flags | O_CLOEXEC, 0600)};
    return fd ? 0 : errno;
  }

  std::string folder_;
  std::string file_;
};

// --- stdio ----------------------------------------------------------------

template <class Attempt>
void expect_stdio(Attempt&& attempt) {
  EXPECT_EQ(under({.promises = promise::stdio}, attempt), 0);
}

TEST_F(InForce, StdioUsesDescriptorsThatAreHeld) {
  const base::unique_fd file{::open(file_.c_str(), O_RDWR | O_CLOEXEC)};
  ASSERT_TRUE(file);
  expect_stdio([&] {
    char text[2] = {};
    struct stat status {};
    if (::pwrite(file.get(), "ab", 2, 0) != 2 || ::pread(file.get(), text, 2, 0) != 2) return 1;
    if (::syscall(SYS_fstat, file.get(), &status) == -1 || status.st_size != 2) return 2;
    if (::ftruncate(file.get(), 0) == -1 || ::lseek(file.get(), 0, SEEK_END) != 0) return 3;
    if (::fcntl(file.get(), F_GETFL) == -1 || ::isatty(file.get()) != 0) return 4;
    const base::unique_fd copy{::fcntl(file.get(), F_DUPFD_CLOEXEC, 0)};
    return copy ? 0 : 5;
  });
}

TEST_F(InForce, StdioStatusesOfPathsDoNotExist) {
  const auto attempt = [&] {
    struct stat status {};
    return errno_of(::syscall(SYS_newfstatat, AT_FDCWD, file_.c_str(), &status, 0));
  };
  expect_needs(promise::rpath, attempt, ENOSYS);
}

TEST_F(InForce, StdioPairsStreamsAndPacketsNotDatagrams) {
  const auto pair = [](int type) {
    return [type] {
      int ends[2];
      return errno_of(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends));
    };
  };
  expect_stdio(pair(SOCK_STREAM));
  expect_stdio(pair(SOCK_SEQPACKET));
  expect_needs(promise::unix, pair(SOCK_DGRAM));
}

TEST_F(InForce, StdioPassesDescriptorsAndAccepts) {
  expect_stdio([] {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == -1) return errno;
    char byte = 'x';
    iovec vector{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &ends[0], sizeof(int));
    if (::sendmsg(ends[0], &message, 0) != 1) return errno;
    return ::recvmsg(ends[1], &message, MSG_CMSG_CLOEXEC) == 1 ? 0 : errno;
  });
  const base::unique_fd listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  expect_stdio([&] {
    if (::fcntl(listener.get(), F_SETFL, O_NONBLOCK) == -1) return errno;
    return ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC) == -1 && errno == EAGAIN
               ? 0
               : errno;
  });
}

// Row 39: a datagram socket that somebody handed over.
TEST_F(InForce, StdioSendsToNoAddress) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // Whole paths may be longer than addresses can be.
  ASSERT_EQ(::chdir(folder_.c_str()), 0);
  std::strcpy(address.sun_path, "made");
  const base::unique_fd server{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  const base::unique_fd client{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  ASSERT_EQ(::bind(server.get(), generic, sizeof address), 0);
  expect_needs(promise::unix, [&] {
    return errno_of(::sendto(client.get(), "x", 1, MSG_DONTWAIT, generic, sizeof address));
  });
  expect_needs(promise::unix,
               [&] { return errno_of(::connect(client.get(), generic, sizeof address)); });
}

TEST_F(InForce, StdioWaitsAndPolls) {
  expect_stdio([] {
    const base::unique_fd timer{::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)};
    itimerspec soon{};
    soon.it_value.tv_nsec = 1;
    std::uint64_t count = 0;
    if (::timerfd_settime(timer.get(), 0, &soon, nullptr) == -1) return errno;
    if (::read(timer.get(), &count, sizeof count) != sizeof count) return errno;
    return ::waitpid(-1, nullptr, 0) == -1 && errno == ECHILD ? 0 : errno;
  });
}

TEST_F(InForce, StdioKeepsDyingWithTheParent) {
  expect_stdio([] { return errno_of(::prctl(PR_SET_PDEATHSIG, SIGKILL)); });
  expect_needs(promise::prctl, [] { return errno_of(::prctl(PR_SET_PDEATHSIG, 0)); });
  expect_stdio([] { return errno_of(::prctl(PR_SET_DUMPABLE, 0)); });
  expect_needs(promise::prctl, [] { return errno_of(::prctl(PR_SET_DUMPABLE, 1)); });
}

TEST_F(InForce, StdioReadsLimitsAndSetsNone) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_CORE, &limit), 0);
  expect_stdio([&] { return errno_of(::getrlimit(RLIMIT_CORE, &limit)); });
  expect_needs(promise::proc, [&] { return errno_of(::setrlimit(RLIMIT_CORE, &limit)); });
  // Those of another process.
  const pid_t parent = ::getpid();
  EXPECT_EQ(in_child([&] { return errno_of(::prlimit(parent, RLIMIT_CORE, nullptr, &limit)); }), 0);
  EXPECT_EQ(under({.promises = promise::stdio},
                  [&] { return errno_of(::prlimit(parent, RLIMIT_CORE, nullptr, &limit)); }),
            killed_by_filter);
}

TEST_F(InForce, StdioReadsNoClockOfAnotherProcess) {
  const pid_t parent = ::getpid();
  const auto read_clock = [&] {
    clockid_t clock = 0;
    timespec time{};
    if (const int error = ::clock_getcpuclockid(parent, &clock)) return error;
    return errno_of(::syscall(SYS_clock_gettime, clock, &time));
  };
  EXPECT_EQ(in_child(read_clock), 0);
  EXPECT_EQ(under({.promises = promise::stdio}, read_clock), killed_by_filter);
  expect_stdio([] {
    timespec time{};
    return errno_of(::syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &time));
  });
}

// --- paths ----------------------------------------------------------------

TEST_F(InForce, RpathReads) {
  expect_needs(promise::rpath, [&] { return open_file(O_RDONLY); });
  expect_needs(promise::rpath, [&] { return errno_of(::access(file_.c_str(), R_OK)); });
  expect_needs(promise::rpath, [&] { return errno_of(::chdir(folder_.c_str())); });
}

TEST_F(InForce, WpathWrites) {
  expect_needs(promise::wpath, [&] { return open_file(O_WRONLY | O_TRUNC); });
  expect_needs(promise::wpath, [&] { return errno_of(::truncate(file_.c_str(), 0)); });
  expect_needs({promise::rpath, promise::wpath}, [&] { return open_file(O_RDWR); });
}

TEST_F(InForce, CpathCreatesAndRemoves) {
  const std::string made = folder_ + "/made";
  expect_needs(promise::cpath, [&] {
    return ::mkdir(made.c_str(), 0700) == 0 && ::rmdir(made.c_str()) == 0 ? 0 : errno;
  });
  expect_needs({promise::wpath, promise::cpath}, [&] { return open_file(O_CREAT | O_WRONLY); });
}

// Spec 90 §10: a whiteout hides a file below.
TEST_F(InForce, CpathMakesNoWhiteouts) {
  EXPECT_EQ(under({.promises = {promise::stdio, promise::cpath}},
                  [&] {
                    return errno_of(::syscall(SYS_renameat2, AT_FDCWD, file_.c_str(), AT_FDCWD,
                                              file_.c_str(), 4));
                  }),
            killed_by_filter);
}

TEST_F(InForce, DpathMakesPipesNotDevices) {
  const std::string pipe = folder_ + "/pipe";
  expect_needs(promise::dpath, [&] {
    const int error = errno_of(::mkfifo(pipe.c_str(), 0600));
    return error == EEXIST ? 0 : error;
  });
  for (const mode_t type : {S_IFCHR, S_IFBLK})
    EXPECT_EQ(under({.promises = {promise::stdio, promise::dpath}},
                    [&] { return errno_of(::mknod(pipe.c_str(), type | 0600, 0)); }),
              killed_by_filter);
}

TEST_F(InForce, TmppathOpensFilesWithoutAName) {
  const auto attempt = [&] {
    const base::unique_fd fd{::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
    return fd ? 0 : errno;
  };
  if (in_child(attempt) == EOPNOTSUPP) GTEST_SKIP() << "this file system has no such files";
  expect_needs(promise::tmppath, attempt);
}

TEST_F(InForce, FattrChownFlock) {
  expect_needs(promise::fattr, [&] { return errno_of(::chmod(file_.c_str(), 0600)); });
  expect_needs(promise::chown, [&] {
    return errno_of(::chown(file_.c_str(), static_cast<uid_t>(-1), static_cast<gid_t>(-1)));
  });
  const base::unique_fd file{::open(file_.c_str(), O_RDWR | O_CLOEXEC)};
  expect_needs(promise::flock, [&] {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    return errno_of(::fcntl(file.get(), F_SETLK, &lock));
  });
}

TEST_F(InForce, FsnotifyMountSeccomp) {
  expect_needs(promise::fsnotify, [] { return errno_of(::inotify_init1(IN_CLOEXEC)); });
  expect_needs(promise::mount, [&] {  // with a flag that there is not, which is looked at first
    return ::umount2(folder_.c_str(), 1 << 30) == -1 && errno == EINVAL ? 0 : errno;
  });
  expect_needs(promise::seccomp, [] {
    const std::uint32_t action = SECCOMP_RET_ALLOW;
    return errno_of(::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action));
  });
}

// --- sockets --------------------------------------------------------------

int make_socket(int family, int type, int protocol = 0) {
  const base::unique_fd fd{::socket(family, type | SOCK_CLOEXEC, protocol)};
  return fd ? 0 : errno;
}

TEST_F(InForce, UnixAndInetAreToldApart) {
  expect_needs(promise::unix, [] { return make_socket(AF_UNIX, SOCK_STREAM); });
  expect_needs(promise::unix, [] { return make_socket(AF_UNIX, SOCK_DGRAM); });
  expect_needs(promise::inet, [] { return make_socket(AF_INET, SOCK_STREAM); });
  expect_needs(promise::inet, [] { return make_socket(AF_INET, SOCK_DGRAM); });
  expect_needs(promise::dns, [] { return make_socket(AF_INET, SOCK_DGRAM); });
  EXPECT_EQ(under({.promises = {promise::stdio, promise::unix}},
                  [] { return make_socket(AF_INET, SOCK_STREAM); }),
            killed_by_filter);
  // Not a killing: resolvers look for a cache there.
  EXPECT_EQ(under({.promises = {promise::stdio, promise::inet}},
                  [] { return make_socket(AF_UNIX, SOCK_STREAM); }),
            EAFNOSUPPORT);
}

TEST_F(InForce, InetBindsAndListensDnsDoesNot) {
  const auto bind = [] {
    const base::unique_fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const int on = 1;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1) return errno;
    if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == -1) return errno;
    return errno_of(::listen(fd.get(), 1));
  };
  expect_needs(promise::inet, bind);
  EXPECT_EQ(under({.promises = {promise::stdio, promise::dns}}, bind), killed_by_filter);
}

// Spec 90 §10: connecting without connect(2).
TEST_F(InForce, InetHasNoFastOpen) {
  const auto attempt = [] {
    const base::unique_fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(9);
    msghdr message{};
    message.msg_name = &address;
    message.msg_namelen = sizeof address;
    return ::sendmsg(fd.get(), &message, MSG_FASTOPEN | MSG_DONTWAIT) == -1 && errno == EPERM
               ? EPERM
               : 0;
  };
  EXPECT_EQ(in_child(attempt), 0);
  EXPECT_EQ(under({.promises = {promise::stdio, promise::inet}}, attempt), killed_by_filter);
  EXPECT_EQ(under({.promises = {promise::stdio, promise::inet, promise::error}}, attempt), EPERM);
}

// Row 42.
TEST_F(InForce, RawPacketVsockAndCryptoSocketsAreForNobody) {
  struct {
    int family;
    int type;
    int protocol;
  } const cases[] = {{AF_INET, SOCK_RAW, IPPROTO_ICMP}, {AF_INET, SOCK_DGRAM, IPPROTO_ICMP},
                     {AF_PACKET, SOCK_RAW, 0},          {AF_VSOCK, SOCK_STREAM, 0},
                     {AF_ALG, SOCK_SEQPACKET, 0},       {AF_KEY, SOCK_RAW, 2}};
  for (const auto& each : cases) {
    const auto attempt = [&] { return make_socket(each.family, each.type, each.protocol); };
    EXPECT_NE(in_child(attempt), killed_by_filter);
    EXPECT_EQ(under({.promises = promise_set::all() - promise::error}, attempt), killed_by_filter)
        << each.family;
  }
  EXPECT_EQ(in_child([] { return make_socket(AF_NETLINK, SOCK_RAW); }), 0);
  EXPECT_EQ(
      under({.promises = promise_set::all()}, [] { return make_socket(AF_NETLINK, SOCK_RAW); }),
      EAFNOSUPPORT);
  EXPECT_EQ(under({.promises = promise::stdio}, [] { return make_socket(AF_NETLINK, SOCK_RAW); }),
            killed_by_filter);
}

// --- processes ------------------------------------------------------------

TEST_F(InForce, ProcForks) {
  expect_needs(promise::proc, [] {
    const pid_t pid = ::fork();
    if (pid == -1) return errno;
    if (pid == 0) ::_exit(0);
    int status = -1;
    return ::waitpid(pid, &status, 0) == pid ? status : errno;
  });
  expect_needs(promise::proc, [] {
    const pid_t pid = ::vfork();
    if (pid == 0) ::_exit(0);
    return errno_of(pid);
  });
}

TEST_F(InForce, ProcResetsEffectiveIds) {
  constexpr auto none = static_cast<uid_t>(-1);
  expect_needs(promise::proc, [] { return errno_of(::setresuid(none, ::getuid(), none)); });
  expect_needs(promise::proc, [] { return errno_of(::setresgid(none, ::getgid(), none)); });
  expect_needs(promise::id, [] { return errno_of(::setresuid(::getuid(), none, none)); });
}

// Row 20.
TEST_F(InForce, ProcSignalsOthers) {
  const pid_t parent = ::getpid();
  expect_needs(promise::proc, [&] { return errno_of(::kill(parent, 0)); });
  expect_needs(promise::proc, [] { return errno_of(::setpgid(0, 0)); });
}

TEST_F(InForce, ExecExecutes) {
  expect_needs(promise::exec, [] {
    char* const arguments[] = {nullptr};
    ::execve("/nonexistent", arguments, arguments);
    return errno == ENOENT ? 0 : errno;
  });
}

TEST_F(InForce, ProtExecMapsCode) {
  const auto map = [](int protection) {
    void* const page = ::mmap(nullptr, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? errno : 0;
  };
  expect_needs(promise::prot_exec, [&] { return map(PROT_READ | PROT_EXEC); });
  expect_stdio([&] { return map(PROT_READ | PROT_WRITE); });
  // Row 29: writable first, executable later.
  expect_needs(promise::prot_exec, [] {
    void* const page =
        ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return errno_of(::mprotect(page, 4096, PROT_READ | PROT_EXEC));
  });
}

TEST_F(InForce, IdSchedShm) {
  expect_needs(promise::id, [] { return errno_of(::setgid(::getgid())); });
  expect_needs(promise::sched, [] {
    const sched_param none{};
    return errno_of(::sched_setscheduler(0, SCHED_OTHER, &none));
  });
  expect_needs(promise::shm, [] {
    const int segment = ::shmget(IPC_PRIVATE, 4096, 0600);
    return segment == -1 ? errno : errno_of(::shmctl(segment, IPC_RMID, nullptr));
  });
}

// --- terminals ------------------------------------------------------------

class Terminal : public InForce {
 protected:
  base::unique_fd master_{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
};

TEST_F(Terminal, TtySetsModes) {
  ASSERT_TRUE(master_);
  expect_needs(promise::tty, [&] {
    termios modes{};
    if (::tcgetattr(master_.get(), &modes) == -1) return errno;
    return errno_of(::tcsetattr(master_.get(), TCSANOW, &modes));
  });
}

TEST_F(Terminal, IoctlDoesAnything) {
  ASSERT_TRUE(master_);
  expect_needs(promise::ioctl, [&] {
    int number = 0;
    return errno_of(::ioctl(master_.get(), TIOCGPTN, &number));
  });
}

// Rows 1 to 3. Unconfined it works, unless the kernel has dev.tty.legacy_tiocsti off (EIO).
TEST_F(Terminal, TypingIntoItIsForNobody) {
  ASSERT_TRUE(master_);
  ASSERT_EQ(::unlockpt(master_.get()), 0);
  const auto attempt = [&](std::uint64_t number, const syscall_policy* policy) {
    std::optional<compiled_filter> filter;
    if (policy) filter = *compile_filter(*policy);
    return in_child([&] {
      if (::setsid() == -1) return bad_setup;
      const base::unique_fd terminal{::open(::ptsname(master_.get()), O_RDWR | O_CLOEXEC)};
      if (!terminal || (filter && confine(*filter))) return bad_setup;
      return errno_of(::syscall(SYS_ioctl, terminal.get(), number, "x"));
    });
  };
  const syscall_policy stdio{.promises = promise::stdio};
  const syscall_policy all{.promises = promise_set::all()};
  const syscall_policy killing{.promises = promise_set::all() - promise::error};
  const syscall_policy named{.promises = promise::stdio, .allow = {{.name = "ioctl"}}};
  const std::uint64_t high_bit = std::uint64_t{1} << 32;
  for (const std::uint64_t number : {std::uint64_t{TIOCSTI}, TIOCSTI | high_bit,
                                     std::uint64_t{TIOCLINUX}, TIOCLINUX | high_bit}) {
    const int unconfined = attempt(number, nullptr);
    EXPECT_TRUE(unconfined == 0 || unconfined == EIO || unconfined == ENOTTY) << unconfined;
    EXPECT_EQ(attempt(number, &stdio), killed_by_filter);
    EXPECT_EQ(attempt(number, &killing), killed_by_filter);
    EXPECT_EQ(attempt(number, &all), EPERM);
    EXPECT_EQ(attempt(number, &named), unconfined);
  }
}

}  // namespace
}  // namespace emilua::sandbox
