#include "lib/sandbox/cgroup.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "lib/base/file.h"
#include "lib/ipc/process.h"
#include "lib/ipc/test_child.h"

namespace emilua::sandbox {
namespace {

namespace fs = std::filesystem;

std::string contents(const fs::path& path) {
  std::ifstream in{path};
  return {std::istreambuf_iterator<char>{in}, {}};
}

// A directory with files as the kernel has them.
class FakeCgroupTest : public testing::Test {
 protected:
  FakeCgroupTest() {
    fs::create_directories(path_);
    put("cgroup.controllers", "cpuset cpu io memory pids\n");
    put("cgroup.subtree_control", "cpu\n");
    directory_.reset(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  ~FakeCgroupTest() override { fs::remove_all(path_); }

  void put(const char* name, const char* text) const { std::ofstream{path_ / name} << text; }

  const fs::path path_ = fs::path{::getenv("TEST_TMPDIR")} / "cgroup";
  base::unique_fd directory_;
};

TEST_F(FakeCgroupTest, ControllersThatAreMissingAreEnabledInOneWrite) {
  ASSERT_TRUE(enable_controllers(directory_.get(), {"memory", "cpu", "pids"}));
  EXPECT_EQ("+memory +pids", contents(path_ / "cgroup.subtree_control").substr(0, 13));
}

TEST_F(FakeCgroupTest, WhatIsEnabledIsLeftAlone) {
  ASSERT_TRUE(enable_controllers(directory_.get(), {"cpu"}));
  EXPECT_EQ("cpu\n", contents(path_ / "cgroup.subtree_control"));
}

TEST_F(FakeCgroupTest, AControllerThatTheKernelDoesNotGiveIsNamed) {
  put("cgroup.controllers", "cpu\n");
  const auto enabled = enable_controllers(directory_.get(), {"cpu", "memory"});
  ASSERT_FALSE(enabled);
  EXPECT_EQ("the controller memory", enabled.error().what);
  EXPECT_EQ(std::errc::not_supported, enabled.error().code);
  EXPECT_EQ("cpu\n", contents(path_ / "cgroup.subtree_control"));
}

TEST_F(FakeCgroupTest, UsableControllersAreThoseThatCouldBeEnabled) {
  EXPECT_EQ((std::vector<std::string>{"memory", "pids", "cpu", "io"}),
            usable_controllers(path_.native()));
  EXPECT_TRUE(usable_controllers("/no/such").empty());
}

TEST_F(FakeCgroupTest, EachLimitGoesIntoItsFile) {
  const char* const files[] = {"memory.max", "memory.swap.max", "pids.max", "cpu.max", "io.max"};
  for (const char* file : files) put(file, "");
  const cgroup_policy limits{.memory_max = 1048576,
                             .memory_swap_max = 0,
                             .pids_max = 5,
                             .cpu_max = "50000 100000",
                             .io_max = "8:0 rbps=1"};
  ASSERT_TRUE(write_limits(directory_.get(), limits));
  const char* const values[] = {"1048576", "0", "5", "50000 100000", "8:0 rbps=1"};
  for (std::size_t i = 0; i < std::size(files); ++i)
    EXPECT_EQ(values[i], contents(path_ / files[i])) << files[i];
  EXPECT_EQ(
      "memory.max 1048576, memory.swap.max 0, pids.max 5, cpu.max 50000 100000, io.max 8:0 rbps=1",
      in_words(limits));
  EXPECT_EQ((std::vector<std::string_view>{"memory", "pids", "cpu", "io"}), controllers_of(limits));
  EXPECT_TRUE(controllers_of({}).empty());
}

TEST_F(FakeCgroupTest, ALimitThatIsRefusedIsNamed) {
  cgroup_policy limits;
  limits.pids_max = 5;
  const auto written = write_limits(directory_.get(), limits);
  ASSERT_FALSE(written);
  EXPECT_EQ("pids.max", written.error().what);
  EXPECT_EQ(std::errc::no_such_file_or_directory, written.error().code);
}

// The machine's own, as far as it goes: leaves, joining, killing and sweeping need no controller.
class CgroupTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto own = own_cgroup();
    if (!own || ::access(own->c_str(), W_OK) == -1) EMILUA_SKIP("no cgroup that may be written to");
    parent_ = *own;
  }

  // Those of ours that are there.
  [[nodiscard]] std::vector<std::string> leaves(const std::string& of) const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator{parent_})
      if (entry.path().filename().native().starts_with("emilua-box-" + of))
        names.push_back(entry.path().filename());
    return names;
  }

  std::string parent_;
  const std::string me_ = std::to_string(::getpid()) + "-";
};

[[noreturn]] void join_and_stay(int joining, int told) {
  if (::write(joining, "0", 1) != 1 || ::write(told, "x", 1) != 1) ::_exit(1);
  for (;;) ::pause();
}

TEST_F(CgroupTest, WhoJoinsALeafEndsWithIt) {
  auto leaf = cgroup_leaf::make({}, parent_);
  ASSERT_TRUE(leaf) << leaf.error().what << ": " << leaf.error().code.message();
  ASSERT_EQ(1u, leaves(me_).size());
  int pipe[2];
  ASSERT_EQ(0, ::pipe2(pipe, O_CLOEXEC));
  base::unique_fd pidfd;
  const auto pid = ipc::clone_process(0, pidfd, SIGCHLD);
  ASSERT_TRUE(pid);
  if (*pid == 0) join_and_stay(leaf->joining(), pipe[1]);
  char told = 0;
  ASSERT_EQ(1, ::read(pipe[0], &told, 1));
  EXPECT_NE(std::string::npos,
            contents("/proc/" + std::to_string(*pid) + "/cgroup").find(leaf->name()));
  leaf->end();
  const auto ended = ipc::reap(pidfd.get());
  ASSERT_TRUE(ended);
  EXPECT_EQ(SIGKILL, ended->signal);
  EXPECT_TRUE(leaves(me_).empty());
  for (const int fd : pipe) ::close(fd);
}

TEST_F(CgroupTest, LeavesOfTheDeadAreSwept) {
  std::string orphan;
  int pipe[2];
  ASSERT_EQ(0, ::pipe2(pipe, O_CLOEXEC));
  const pid_t maker = ::fork();
  ASSERT_NE(-1, maker);
  if (maker == 0) {
    auto leaf = cgroup_leaf::make({}, parent_);
    if (leaf && ::fork() == 0) join_and_stay(leaf->joining(), pipe[1]);
    for (;;) ::pause();
  }
  char told = 0;
  ASSERT_EQ(1, ::read(pipe[0], &told, 1));
  const std::string theirs = std::to_string(maker) + "-";
  // Not as long as it lives.
  ASSERT_TRUE(cgroup_leaf::make({}, parent_));
  EXPECT_EQ(1u, leaves(theirs).size());
  ASSERT_EQ(0, ::kill(maker, SIGKILL));
  ASSERT_EQ(maker, ::waitpid(maker, nullptr, 0));
  ASSERT_TRUE(cgroup_leaf::make({}, parent_));
  EXPECT_TRUE(leaves(theirs).empty());
  for (const int fd : pipe) ::close(fd);
}

TEST_F(CgroupTest, AFailureLeavesNothingBehind) {
  cgroup_policy limits;
  limits.io_max = "no such device";
  const auto leaf = cgroup_leaf::make(limits, parent_);
  EXPECT_FALSE(leaf);
  EXPECT_TRUE(leaves(me_).empty());
}

TEST_F(CgroupTest, ALeafCanBeMovedAndIsRemovedOnce) {
  auto first = cgroup_leaf::make({}, parent_);
  ASSERT_TRUE(first);
  {
    const cgroup_leaf second = std::move(*first);
    EXPECT_EQ(1u, leaves(me_).size());
  }
  EXPECT_TRUE(leaves(me_).empty());
}

}  // namespace
}  // namespace emilua::sandbox
