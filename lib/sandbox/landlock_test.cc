#include "lib/sandbox/landlock.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <string>

#include "lib/base/file.h"
#include "lib/ipc/test_child.h"

namespace emilua::sandbox {
namespace {

using ipc::answer;
using ipc::in_child;

// Exit statuses of children that could not even set the test up; errno values stay below.
constexpr int bad_setup = 200;

#define NEED_ABI(abi)                                                       \
  do {                                                                      \
    auto running = landlock_abi();                                          \
    if (!running) EMILUA_SKIP("no Landlock: " + running.error().message()); \
    if (*running < (abi)) EMILUA_SKIP("Landlock is older than ABI " #abi);  \
  } while (false)

base::unique_fd open_path(const std::string& path) {
  return base::unique_fd{::open(path.c_str(), O_PATH | O_CLOEXEC)};
}

// 0 or errno.
int try_open(const std::string& path, int flags) {
  base::unique_fd fd{::open(path.c_str(), flags | O_CLOEXEC, 0600)};
  return fd ? 0 : errno;
}

// Restricts the calling process to what the ruleset allows; 0 or errno.
int restrict_to(const base::unique_fd& ruleset) {
  if (auto done = set_no_new_privs(); !done) return done.error().value();
  if (auto done = landlock_restrict_self(ruleset.get()); !done) return done.error().value();
  return 0;
}

// A folder with allowed/file and denied/file.
class Tree : public ::testing::Test {
 protected:
  Tree() {
    std::string pattern = ::testing::TempDir() + "/landlockXXXXXX";
    root_ = ::mkdtemp(pattern.data());
    for (const std::string& directory : {allowed_directory(), denied_directory()}) {
      EXPECT_EQ(::mkdir(directory.c_str(), 0700), 0);
      EXPECT_EQ(try_open(directory + "/file", O_CREAT | O_WRONLY), 0);
    }
  }
  ~Tree() override {
    for (const std::string& directory : {allowed_directory(), denied_directory()}) {
      ::unlink((directory + "/file").c_str());
      ::rmdir(directory.c_str());
    }
    ::rmdir(root_.c_str());
  }

  [[nodiscard]] std::string allowed_directory() const { return root_ + "/allowed"; }
  [[nodiscard]] std::string denied_directory() const { return root_ + "/denied"; }
  [[nodiscard]] std::string allowed() const { return allowed_directory() + "/file"; }
  [[nodiscard]] std::string denied() const { return denied_directory() + "/file"; }

  // Allows reading below allowed/ and no other reading or writing.
  [[nodiscard]] base::unique_fd ruleset() const {
    const access_rights read = *fs_right("read_file") | *fs_right("read_dir");
    auto fd = landlock_create_ruleset({.fs = read | *fs_right("write_file")});
    if (!fd) return {};
    if (!landlock_allow_path(fd->get(), open_path(allowed_directory()).get(), read)) return {};
    return std::move(*fd);
  }

  // What `attempt` answers in a restricted child.
  template <class Attempt>
  int restricted(Attempt&& attempt) const {
    return in_child([&] {
      if (restrict_to(ruleset())) return bad_setup;
      return attempt();
    });
  }

 private:
  std::string root_;
};

// --- names ----------------------------------------------------------------

TEST(Rights, AreTheKernelsBits) {
  EXPECT_EQ(fs_right("execute"), LANDLOCK_ACCESS_FS_EXECUTE);
  EXPECT_EQ(fs_right("write_file"), LANDLOCK_ACCESS_FS_WRITE_FILE);
  EXPECT_EQ(fs_right("read_file"), LANDLOCK_ACCESS_FS_READ_FILE);
  EXPECT_EQ(fs_right("read_dir"), LANDLOCK_ACCESS_FS_READ_DIR);
  EXPECT_EQ(fs_right("remove_dir"), LANDLOCK_ACCESS_FS_REMOVE_DIR);
  EXPECT_EQ(fs_right("remove_file"), LANDLOCK_ACCESS_FS_REMOVE_FILE);
  EXPECT_EQ(fs_right("make_char"), LANDLOCK_ACCESS_FS_MAKE_CHAR);
  EXPECT_EQ(fs_right("make_dir"), LANDLOCK_ACCESS_FS_MAKE_DIR);
  EXPECT_EQ(fs_right("make_reg"), LANDLOCK_ACCESS_FS_MAKE_REG);
  EXPECT_EQ(fs_right("make_sock"), LANDLOCK_ACCESS_FS_MAKE_SOCK);
  EXPECT_EQ(fs_right("make_fifo"), LANDLOCK_ACCESS_FS_MAKE_FIFO);
  EXPECT_EQ(fs_right("make_block"), LANDLOCK_ACCESS_FS_MAKE_BLOCK);
  EXPECT_EQ(fs_right("make_sym"), LANDLOCK_ACCESS_FS_MAKE_SYM);
  EXPECT_EQ(fs_right("refer"), 1u << 13);
  EXPECT_EQ(fs_right("truncate"), 1u << 14);
  EXPECT_EQ(fs_right("ioctl_dev"), 1u << 15);
  EXPECT_EQ(net_right("bind_tcp"), 1u << 0);
  EXPECT_EQ(net_right("connect_tcp"), 1u << 1);
  EXPECT_EQ(scope("abstract_unix_socket"), 1u << 0);
  EXPECT_EQ(scope("signal"), 1u << 1);
}

TEST(Rights, AreListedInTheKernelsOrder) {
  for (const auto table : {fs_rights(), net_rights(), scopes()}) {
    access_rights bit = 1;
    int abi = 1;
    for (const named_right& right : table) {
      EXPECT_EQ(right.bit, bit) << right.name;
      EXPECT_GE(right.abi, abi) << right.name;
      bit <<= 1;
      abi = right.abi;
    }
  }
  EXPECT_EQ(fs_rights().size(), 16u);
  EXPECT_EQ(net_rights().size(), 2u);
  EXPECT_EQ(scopes().size(), 2u);
}

TEST(Rights, UnknownNamesHaveNone) {
  for (const char* name : {"", "EXECUTE", "read", "read_file ", "bind_udp"}) {
    EXPECT_EQ(fs_right(name), std::nullopt) << name;
    EXPECT_EQ(net_right(name), std::nullopt) << name;
    EXPECT_EQ(scope(name), std::nullopt) << name;
  }
  EXPECT_EQ(net_right("execute"), std::nullopt);
  EXPECT_EQ(fs_right("signal"), std::nullopt);
}

// --- rulesets -------------------------------------------------------------

TEST(Abi, IsAtLeastOne) {
  NEED_ABI(1);
  EXPECT_GE(*landlock_abi(), 1);
}

TEST(Abi, TellsWhyThereIsNone) {
  for (const int error : {ENOSYS, EOPNOTSUPP})
    EXPECT_EQ(in_child([&] {
                answer(SYS_landlock_create_ruleset, error);
                return landlock_abi().error().value();
              }),
              error);
}

TEST(Ruleset, IsCloseOnExec) {
  NEED_ABI(1);
  auto ruleset = landlock_create_ruleset({.fs = *fs_right("execute")});
  ASSERT_TRUE(ruleset) << ruleset.error();
  EXPECT_TRUE(::fcntl(ruleset->get(), F_GETFD) & FD_CLOEXEC);
}

TEST(Ruleset, RightsAreKnownFromTheirAbiOn) {
  NEED_ABI(1);
  const int abi = *landlock_abi();
  const auto expect = [&](const named_right& right, const landlock_ruleset_attributes& attributes) {
    auto ruleset = landlock_create_ruleset(attributes);
    EXPECT_EQ(ruleset.has_value(), right.abi <= abi) << right.name;
  };
  for (const named_right& right : fs_rights()) expect(right, {.fs = right.bit});
  for (const named_right& right : net_rights()) expect(right, {.net = right.bit});
  for (const named_right& right : scopes()) expect(right, {.scoped = right.bit});
}

TEST(Ruleset, UnknownRightsAreRefused) {
  NEED_ABI(6);
  const access_rights unknown = access_rights{1} << 63;
  EXPECT_EQ(landlock_create_ruleset({.fs = unknown}).error(), std::errc::invalid_argument);
  EXPECT_EQ(landlock_create_ruleset({.net = unknown}).error(), std::errc::invalid_argument);
  EXPECT_EQ(landlock_create_ruleset({.scoped = unknown}).error(), std::errc::invalid_argument);
}

TEST(Ruleset, EmptyOneIsRefused) {
  NEED_ABI(1);
  EXPECT_EQ(landlock_create_ruleset({}).error(), std::errc::no_message);
}

// What size the kernel is told, seen by a filter: 8 for the first field, 16 for two, 24 for all.
TEST(Ruleset, StructureIsNoLargerThanItsUse) {
  const auto try_size = [](const landlock_ruleset_attributes& attributes, unsigned size) {
    return in_child([&] {
      // Refused are sizes with a bit that `size` does not have.
      answer(SYS_landlock_create_ruleset, EXFULL, 1, ~size);
      auto ruleset = landlock_create_ruleset(attributes);
      return ruleset ? 0 : ruleset.error().value();
    });
  };
  const landlock_ruleset_attributes fs{.fs = *fs_right("execute")};
  const landlock_ruleset_attributes net{.net = *net_right("bind_tcp")};
  const landlock_ruleset_attributes scoped{.scoped = *scope("signal")};
  NEED_ABI(6);
  EXPECT_EQ(try_size(fs, 8), 0);
  EXPECT_EQ(try_size(net, 16), 0);
  EXPECT_EQ(try_size(net, 8), EXFULL);
  EXPECT_EQ(try_size(scoped, 24), 0);
  EXPECT_EQ(try_size(scoped, 8), EXFULL);
  EXPECT_EQ(try_size(scoped, 16), EXFULL);
}

// --- paths ----------------------------------------------------------------

TEST_F(Tree, EverythingOpensBeforeRestricting) {
  EXPECT_EQ(in_child([&] { return try_open(allowed(), O_RDONLY); }), 0);
  EXPECT_EQ(in_child([&] { return try_open(denied(), O_RDONLY); }), 0);
  EXPECT_EQ(in_child([&] { return try_open(allowed(), O_WRONLY); }), 0);
}

TEST_F(Tree, ARulesetAloneRestrictsNothing) {
  NEED_ABI(1);
  EXPECT_EQ(in_child([&] {
              if (!ruleset()) return bad_setup;
              return try_open(denied(), O_RDONLY);
            }),
            0);
}

TEST_F(Tree, AllowedFileOpens) {
  NEED_ABI(1);
  EXPECT_EQ(restricted([&] { return try_open(allowed(), O_RDONLY); }), 0);
}

TEST_F(Tree, AllowedDirectoryOpens) {
  NEED_ABI(1);
  EXPECT_EQ(restricted([&] { return try_open(allowed_directory(), O_RDONLY | O_DIRECTORY); }), 0);
}

TEST_F(Tree, DeniedFileDoesNotOpen) {
  NEED_ABI(1);
  EXPECT_EQ(restricted([&] { return try_open(denied(), O_RDONLY); }), EACCES);
}

TEST_F(Tree, DeniedFileDoesNotOpenAroundTheAllowedDirectory) {
  NEED_ABI(1);
  EXPECT_EQ(restricted([&] { return try_open(allowed_directory() + "/../denied/file", O_RDONLY); }),
            EACCES);
}

TEST_F(Tree, RightThatIsNotGrantedIsDenied) {
  NEED_ABI(1);
  EXPECT_EQ(restricted([&] { return try_open(allowed(), O_WRONLY); }), EACCES);
}

TEST_F(Tree, RightThatIsNotHandledIsLeftAlone) {
  NEED_ABI(1);
  EXPECT_EQ(restricted([&] { return ::unlink(denied().c_str()) == 0 ? 0 : errno; }), 0);
}

TEST_F(Tree, DescriptorsOpenedBeforeStayUsable) {
  NEED_ABI(1);
  base::unique_fd fd{::open(denied().c_str(), O_WRONLY | O_CLOEXEC)};
  ASSERT_TRUE(fd);
  EXPECT_EQ(restricted([&] { return ::write(fd.get(), "x", 1) == 1 ? 0 : errno; }), 0);
}

TEST_F(Tree, RuleOnASingleFile) {
  NEED_ABI(1);
  const access_rights write = *fs_right("write_file");
  const auto attempt = [&](const std::string& path) {
    return in_child([&] {
      auto only = landlock_create_ruleset({.fs = write});
      if (!only || !landlock_allow_path(only->get(), open_path(denied()).get(), write))
        return bad_setup;
      if (restrict_to(*only)) return bad_setup;
      return try_open(path, O_WRONLY);
    });
  };
  EXPECT_EQ(attempt(denied()), 0);
  EXPECT_EQ(attempt(allowed()), EACCES);
}

TEST_F(Tree, RulesAreChecked) {
  NEED_ABI(1);
  const access_rights read = *fs_right("read_file");
  auto own = landlock_create_ruleset({.fs = read});
  ASSERT_TRUE(own);
  base::unique_fd directory = open_path(allowed_directory());
  EXPECT_EQ(landlock_allow_path(own->get(), -1, read).error(), std::errc::bad_file_descriptor);
  EXPECT_EQ(landlock_allow_path(-1, directory.get(), read).error(), std::errc::bad_file_descriptor);
  EXPECT_EQ(landlock_allow_path(own->get(), directory.get(), 0).error(), std::errc::no_message);
  EXPECT_EQ(landlock_allow_path(own->get(), directory.get(), *fs_right("execute")).error(),
            std::errc::invalid_argument);
  // A directory's right makes no sense on a file.
  auto reading = landlock_create_ruleset({.fs = *fs_right("read_dir")});
  EXPECT_EQ(landlock_allow_path(reading->get(), open_path(allowed()).get(), *fs_right("read_dir"))
                .error(),
            std::errc::invalid_argument);
}

// --- restricting ----------------------------------------------------------

int drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[2] = {};
  return static_cast<int>(::syscall(SYS_capset, &header, none));
}

TEST_F(Tree, RestrictingNeedsNoNewPrivs) {
  NEED_ABI(1);
  EXPECT_EQ(in_child([&] {
              if (drop_capabilities() == -1) return bad_setup;
              if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) return EPERM;  // set from outside
              auto own = ruleset();
              return landlock_restrict_self(own.get()).error().value();
            }),
            EPERM);
  EXPECT_EQ(in_child([&] {
              if (drop_capabilities() == -1) return bad_setup;
              return restrict_to(ruleset());
            }),
            0);
}

TEST(Restrict, RefusesWhatIsNoRuleset) {
  NEED_ABI(1);
  EXPECT_EQ(in_child([] { return restrict_to(base::unique_fd{}); }), EBADF);
}

TEST(NoNewPrivs, IsSet) {
  EXPECT_EQ(in_child([] {
              if (!set_no_new_privs()) return bad_setup;
              return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
            }),
            1);
}

// --- ports ----------------------------------------------------------------

struct listener {
  base::unique_fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::uint16_t port = 0;

  listener() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(fd.get(), generic, size), 0);
    EXPECT_EQ(::listen(fd.get(), 8), 0);
    EXPECT_EQ(::getsockname(fd.get(), generic, &size), 0);
    port = ntohs(address.sin_port);
  }
};

// connect(2) or bind(2) on the loopback address; 0 or errno.
template <class Call>
int try_port(Call call, std::uint16_t port) {
  base::unique_fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!fd) return bad_setup;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return call(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0
                                                                                          : errno;
}

// Allows one right on one port, denies both on all others.
int restrict_ports(access_rights right, std::uint16_t port) {
  auto ruleset =
      landlock_create_ruleset({.net = *net_right("bind_tcp") | *net_right("connect_tcp")});
  if (!ruleset || !landlock_allow_port(ruleset->get(), port, right)) return bad_setup;
  return restrict_to(*ruleset);
}

TEST(Ports, OnlyTheAllowedOneConnects) {
  NEED_ABI(4);
  const listener good;
  const listener bad;
  const auto attempt = [&](const listener& target) {
    return in_child([&] {
      if (try_port(::connect, target.port)) return bad_setup;  // before, it works
      if (restrict_ports(*net_right("connect_tcp"), good.port)) return bad_setup;
      return try_port(::connect, target.port);
    });
  };
  EXPECT_EQ(attempt(good), 0);
  EXPECT_EQ(attempt(bad), EACCES);
}

TEST(Ports, OnlyTheAllowedOneBinds) {
  NEED_ABI(4);
  // Port 0, any free port, is a port like others to the rules.
  EXPECT_EQ(in_child([] {
              if (restrict_ports(*net_right("bind_tcp"), 0)) return bad_setup;
              return try_port(::bind, 0);
            }),
            0);
  EXPECT_EQ(in_child([] {
              if (restrict_ports(*net_right("bind_tcp"), 1)) return bad_setup;
              return try_port(::bind, 0);
            }),
            EACCES);
}

TEST(Ports, RightsAreTakenApart) {
  NEED_ABI(4);
  const listener target;
  EXPECT_EQ(in_child([&] {
              if (restrict_ports(*net_right("bind_tcp"), target.port)) return bad_setup;
              return try_port(::connect, target.port);
            }),
            EACCES);
}

TEST(Ports, RulesAreChecked) {
  NEED_ABI(4);
  auto ruleset = landlock_create_ruleset({.net = *net_right("bind_tcp")});
  ASSERT_TRUE(ruleset);
  EXPECT_EQ(landlock_allow_port(ruleset->get(), 1, *net_right("connect_tcp")).error(),
            std::errc::invalid_argument);
  EXPECT_EQ(landlock_allow_port(ruleset->get(), 1, 0).error(), std::errc::no_message);
  EXPECT_EQ(landlock_allow_port(-1, 1, *net_right("bind_tcp")).error(),
            std::errc::bad_file_descriptor);
  EXPECT_TRUE(landlock_allow_port(ruleset->get(), 65535, *net_right("bind_tcp")));
}

// --- scopes ---------------------------------------------------------------

int restrict_scope(std::string_view name) {
  auto ruleset = landlock_create_ruleset({.scoped = *scope(name)});
  return ruleset ? restrict_to(*ruleset) : bad_setup;
}

TEST(Scopes, SignalsStayInside) {
  NEED_ABI(6);
  const auto signal_parent = [] { return ::kill(::getppid(), 0) == 0 ? 0 : errno; };
  EXPECT_EQ(in_child(signal_parent), 0);
  EXPECT_EQ(in_child([&] { return restrict_scope("signal") ? bad_setup : signal_parent(); }),
            EPERM);
}

TEST(Scopes, AbstractSocketsStayInside) {
  NEED_ABI(6);
  base::unique_fd server{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socklen_t size = sizeof(sa_family_t);  // the kernel picks an abstract name
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(server.get(), generic, size), 0);
  size = sizeof address;
  ASSERT_EQ(::getsockname(server.get(), generic, &size), 0);
  const auto connect = [&] {
    base::unique_fd client{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    return ::connect(client.get(), generic, size) == 0 ? 0 : errno;
  };
  EXPECT_EQ(in_child(connect), 0);
  EXPECT_EQ(
      in_child([&] { return restrict_scope("abstract_unix_socket") ? bad_setup : connect(); }),
      EPERM);
}

}  // namespace
}  // namespace emilua::sandbox
