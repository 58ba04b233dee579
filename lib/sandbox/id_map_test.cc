#include "lib/sandbox/id_map.h"

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>

#include "lib/base/file.h"
#include "lib/ipc/process.h"
#include "lib/ipc/test_child.h"

namespace emilua::sandbox {
namespace {

// A process in a user namespace of its own, until the test ends.
class waiting_process {
 public:
  waiting_process() {
    const auto pid = ipc::clone_process(CLONE_NEWUSER, pidfd_, SIGCHLD);
    if (pid && *pid == 0)
      for (;;) ::pause();
  }
  waiting_process(const waiting_process&) = delete;
  ~waiting_process() { end(); }

  void end() {
    static_cast<void>(ipc::send_signal(pidfd_.get(), SIGKILL));
    static_cast<void>(ipc::reap(pidfd_.get()));
  }

  [[nodiscard]] int pidfd() const { return pidfd_.get(); }

 private:
  base::unique_fd pidfd_;
};

std::string text_in(int directory, const char* name) {
  const base::unique_fd fd{::openat(directory, name, O_RDONLY | O_CLOEXEC)};
  const auto text = base::read_all(fd.get(), 4096);
  return text ? *text : "?";
}

TEST(IdMapTest, ADirectoryStaysThatOfItsProcess) {
  waiting_process process;
  const auto directory = open_process_directory(process.pidfd());
  ASSERT_TRUE(directory) << directory.error().message();
  EXPECT_NE("", text_in(directory->get(), "comm"));
  process.end();
  EXPECT_EQ(-1, ::openat(directory->get(), "comm", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(ESRCH, open_process_directory(process.pidfd()).error().value());
}

TEST(IdMapTest, WhoMayMapAllWritesAnyMap) {
  if (::geteuid() != 0) EMILUA_SKIP("needs root");
  const waiting_process process;
  const auto directory = open_process_directory(process.pidfd());
  ASSERT_TRUE(directory);
  const id_maps maps{.uids = {{0, 700000, 10}, {10, 0, 1}}, .gids = {{0, 800000, 5}}};
  const auto written = write_id_maps(directory->get(), maps);
  ASSERT_TRUE(written) << written.error().what;
  EXPECT_EQ("         0     700000         10\n        10          0          1\n",
            text_in(directory->get(), "uid_map"));
  EXPECT_EQ("allow\n", text_in(directory->get(), "setgroups"));
  const auto again = write_id_maps(directory->get(), maps);
  ASSERT_FALSE(again);
  EXPECT_EQ("uid_map: Operation not permitted", again.error().what);
}

// As an ordinary user without subordinate ids; 0, or a number that tells what went wrong.
int as_nobody(int (*body)()) {
  return ipc::in_child([&] {
    if (::geteuid() == 0 &&
        (::setgroups(0, nullptr) == -1 || ::setresgid(65534, 65534, 65534) == -1 ||
         ::setresuid(65534, 65534, 65534) == -1))
      return 100;
    // His directory in /proc is to be his own.
    return ::prctl(PR_SET_DUMPABLE, 1) == -1 ? 101 : body();
  });
}

TEST(IdMapTest, EverybodyMapsHimselfAndLosesNoGroups) {
  EXPECT_EQ(0, as_nobody([] {
              const waiting_process process;
              const auto directory = open_process_directory(process.pidfd());
              if (!directory) return 1;
              if (!write_id_maps(directory->get(),
                                 {.uids = {{7, ::geteuid(), 1}}, .gids = {{8, ::getegid(), 1}}}))
                return 2;
              if (text_in(directory->get(), "setgroups") != "deny\n") return 3;
              return text_in(directory->get(), "gid_map").find(" 8 ") == std::string::npos ? 4 : 0;
            }));
}

TEST(IdMapTest, NobodyMapsIdsThatHeWasNotGiven) {
  if (::access("/usr/bin/newuidmap", X_OK) == -1) EMILUA_SKIP("no newuidmap");
  EXPECT_EQ(0, as_nobody([] {
              const waiting_process process;
              const auto directory = open_process_directory(process.pidfd());
              if (!directory) return 1;
              const auto written =
                  write_id_maps(directory->get(), {.uids = {{0, 0, 1}}, .gids = {{0, 0, 1}}});
              if (written) return 2;
              if (written.error().code != std::errc::operation_not_permitted) return 3;
              if (!written.error().what.starts_with("/usr/bin/newuidmap: newuidmap: ")) return 4;
              return text_in(directory->get(), "uid_map").empty() ? 0 : 5;
            }));
}

}  // namespace
}  // namespace emilua::sandbox
