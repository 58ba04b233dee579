#include "lib/sandbox/cgroup.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
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
            usable_controllers(path_.native(), ::getpid()));
  EXPECT_TRUE(usable_controllers("/no/such", ::getpid()).empty());
}

TEST_F(FakeCgroupTest, WhereStrangersAreNothingIsUsable) {
  put("cgroup.type", "domain\n");
  put("cgroup.procs", "1\n");
  EXPECT_TRUE(usable_controllers(path_.native(), ::getpid()).empty());
  put("cgroup.procs", (std::to_string(::getpid()) + "\n").c_str());
  EXPECT_EQ(4u, usable_controllers(path_.native(), ::getpid()).size());
  EXPECT_EQ(4u, usable_controllers(path_.native(), ::getppid()).size());
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

ino_t fs_inode(const char* path) {
  struct stat status {};
  return ::stat(path, &status) == 0 ? status.st_ino : 0;
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
  const std::string pids_ = std::to_string(fs_inode("/proc/self/ns/pid")) + "-";
  const std::string me_ = pids_ + std::to_string(::getpid()) + "-";
};

// Whoever waits reads the file first: that is what arms it.
void wait_until_empty(int events) {
  char text[256];
  for (;;) {
    const ssize_t n = ::pread(events, text, sizeof text, 0);
    if (n <= 0 || std::string_view{text, static_cast<std::size_t>(n)}.find("populated 1") ==
                      std::string_view::npos)
      return;
    pollfd change{events, POLLPRI, 0};
    ::poll(&change, 1, -1);
  }
}

[[noreturn]] void join_and_stay(int joining, int told) {
  const pid_t self = ::getpid();
  if (::write(joining, "0", 1) != 1 || ::write(told, &self, sizeof self) != sizeof self) ::_exit(1);
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
  pid_t told = 0;
  ASSERT_EQ(static_cast<ssize_t>(sizeof told), ::read(pipe[0], &told, sizeof told));
  EXPECT_NE(std::string::npos,
            contents("/proc/" + std::to_string(*pid) + "/cgroup").find(leaf->name()));
  leaf->end();
  const auto ended = ipc::reap(pidfd.get());
  ASSERT_TRUE(ended);
  EXPECT_EQ(SIGKILL, ended->signal);
  EXPECT_TRUE(leaves(me_).empty());
  for (const int fd : pipe) ::close(fd);
}

// Makes a leaf, and a process in it, which writes its number to `told`.
pid_t fork_maker(bool survives, const std::string& parent, int told) {
  const pid_t maker = ::fork();
  if (maker != 0) return maker;
  auto leaf = cgroup_leaf::make({.survives = survives}, parent);
  if (!leaf) {
    std::fprintf(stderr, "%s: %s\n", leaf.error().what.c_str(),
                 leaf.error().code.message().c_str());
    ::_exit(1);
  }
  if (::fork() == 0) join_and_stay(leaf->joining(), told);
  for (;;) ::pause();
}

TEST_F(CgroupTest, LeavesOfTheDeadAreSwept) {
  int pipe[2];
  ASSERT_EQ(0, ::pipe2(pipe, O_CLOEXEC));
  const pid_t maker = fork_maker(false, parent_, pipe[1]);
  ::close(pipe[1]);
  ASSERT_NE(-1, maker);
  pid_t told = 0;
  ASSERT_EQ(static_cast<ssize_t>(sizeof told), ::read(pipe[0], &told, sizeof told));
  const std::string theirs = pids_ + std::to_string(maker) + "-";
  // Not as long as it lives.
  ASSERT_TRUE(cgroup_leaf::make({}, parent_));
  EXPECT_EQ(1u, leaves(theirs).size());
  ASSERT_EQ(0, ::kill(maker, SIGKILL));
  ASSERT_EQ(maker, ::waitpid(maker, nullptr, 0));
  ASSERT_TRUE(cgroup_leaf::make({}, parent_));
  EXPECT_TRUE(leaves(theirs).empty());
  ::close(pipe[0]);
}

TEST_F(CgroupTest, WhoSurvivesItsMakerIsLeftInItsLeafUntilItEnds) {
  int pipe[2];
  ASSERT_EQ(0, ::pipe2(pipe, O_CLOEXEC));
  const pid_t maker = fork_maker(true, parent_, pipe[1]);
  ::close(pipe[1]);
  ASSERT_NE(-1, maker);
  const std::string theirs = pids_ + std::to_string(maker) + "-";
  pid_t survivor = 0;
  ASSERT_EQ(static_cast<ssize_t>(sizeof survivor), ::read(pipe[0], &survivor, sizeof survivor));
  const base::unique_fd pidfd = ipc::open_process(survivor);
  ASSERT_TRUE(pidfd);
  ASSERT_EQ(0, ::kill(maker, SIGKILL));
  ASSERT_EQ(maker, ::waitpid(maker, nullptr, 0));
  ASSERT_TRUE(cgroup_leaf::make({}, parent_));
  ASSERT_EQ(1u, leaves(theirs).size());
  EXPECT_TRUE(ipc::send_signal(pidfd.get(), SIGKILL));
  const base::unique_fd events{
      ::open((parent_ + "/" + leaves(theirs)[0] + "/cgroup.events").c_str(), O_RDONLY | O_CLOEXEC)};
  wait_until_empty(events.get());
  ASSERT_TRUE(cgroup_leaf::make({}, parent_));
  EXPECT_TRUE(leaves(theirs).empty());
  ::close(pipe[0]);
}

TEST_F(CgroupTest, TheEndCanBeWaitedForElsewhere) {
  auto leaf = cgroup_leaf::make({}, parent_);
  ASSERT_TRUE(leaf);
  EXPECT_TRUE(leaf->is_empty());
  int pipe[2];
  ASSERT_EQ(0, ::pipe2(pipe, O_CLOEXEC));
  base::unique_fd pidfd;
  const auto pid = ipc::clone_process(0, pidfd, SIGCHLD);
  ASSERT_TRUE(pid);
  if (*pid == 0) join_and_stay(leaf->joining(), pipe[1]);
  pid_t told = 0;
  ASSERT_EQ(static_cast<ssize_t>(sizeof told), ::read(pipe[0], &told, sizeof told));
  EXPECT_FALSE(leaf->is_empty());
  leaf->kill();
  wait_until_empty(leaf->events());
  EXPECT_TRUE(leaf->is_empty());
  ASSERT_TRUE(ipc::reap(pidfd.get()));
  leaf->end();
  EXPECT_TRUE(leaves(me_).empty());
  for (const int fd : pipe) ::close(fd);
}

TEST_F(CgroupTest, WhatABoxHasMadeInItsLeafGoesWithIt) {
  auto leaf = cgroup_leaf::make({}, parent_);
  ASSERT_TRUE(leaf);
  fs::create_directories(fs::path{parent_} / leaf->name() / "a" / "b");
  fs::create_directories(fs::path{parent_} / leaf->name() / "c");
  leaf->end();
  EXPECT_TRUE(leaves(me_).empty());
}

TEST_F(CgroupTest, AFailureLeavesNothingBehind) {
  cgroup_wish wish;
  wish.limits.io_max = "no such device";
  const auto leaf = cgroup_leaf::make(wish, parent_);
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

// Needs a controller to give, whichever: one that a cgroup has, its children cannot have as long as
// processes are in it.
class CrowdedCgroupTest : public CgroupTest {
 protected:
  void SetUp() override {
    CgroupTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    own_.reset(::open(parent_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    controller_ = first_word(parent_ + "/cgroup.controllers");
    enabled_before_ =
        contents(parent_ + "/cgroup.subtree_control").find(controller_) != std::string::npos;
    if (controller_.empty() || !enable_controllers(own_.get(), {controller_}))
      EMILUA_SKIP("no controller that may be given");
    crowded_ = parent_ + "/emilua-test-" + std::to_string(::getpid());
    fs::create_directory(crowded_);
    directory_.reset(::open(crowded_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_EQ(0, ::pipe2(pipe_, O_CLOEXEC));
    ASSERT_EQ(0, ::pipe2(orders_, O_CLOEXEC));
    family_ = ::fork();
    ASSERT_NE(-1, family_);
    if (family_ == 0) live();
    pid_t told = 0;
    ASSERT_EQ(static_cast<ssize_t>(sizeof told), ::read(pipe_[0], &told, sizeof told));
  }

  void TearDown() override {
    if (crowded_.empty()) return;
    if (family_ > 0) {
      std::ofstream{crowded_ + "/cgroup.kill"} << "1";
      ::waitpid(family_, nullptr, 0);
    }
    const base::unique_fd events{
        ::open((crowded_ + "/cgroup.events").c_str(), O_RDONLY | O_CLOEXEC)};
    wait_until_empty(events.get());
    for (const auto& entry : fs::directory_iterator{crowded_})
      if (entry.is_directory()) ::rmdir(entry.path().c_str());
    ::rmdir(crowded_.c_str());
    if (!enabled_before_) std::ofstream{parent_ + "/cgroup.subtree_control"} << "-" + controller_;
    for (const int fd : {pipe_[0], pipe_[1], orders_[0], orders_[1]}) ::close(fd);
  }

  static std::string first_word(const std::string& path) {
    std::string word;
    std::ifstream{path} >> word;
    return word;
  }

  // A process and its child in the crowded cgroup. The child says where leaves of its are made.
  [[noreturn]] void live() const {
    const base::unique_fd joining{
        ::open((crowded_ + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC)};
    if (::fork() != 0) {
      if (::write(joining.get(), "0", 1) != 1) ::_exit(1);
      for (;;) ::pause();
    }
    // Not before the first one is there, either: it would look like the child of a stranger.
    while (contents(crowded_ + "/cgroup.procs").empty()) ::sched_yield();
    const pid_t self = ::getpid();
    if (::write(joining.get(), "0", 1) != 1 || ::write(pipe_[1], &self, sizeof self) != sizeof self)
      ::_exit(1);
    char order = 0;
    if (::read(orders_[0], &order, 1) != 1) ::_exit(1);
    const auto own = own_cgroup();
    const char same = own && fs::equivalent(*own, crowded_) ? 'y' : 'n';
    if (::write(pipe_[1], &same, 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }

  std::string controller_, crowded_;
  bool enabled_before_ = false;
  base::unique_fd own_, directory_;
  int pipe_[2] = {-1, -1}, orders_[2] = {-1, -1};
  pid_t family_ = -1;
};

TEST_F(CrowdedCgroupTest, AFamilyMovesOutOfTheWayOfControllers) {
  EXPECT_EQ(std::errc::device_or_resource_busy,
            enable_controllers(directory_.get(), {controller_}).error().code);
  const auto made = make_way(directory_.get(), {controller_}, family_);
  ASSERT_TRUE(made) << made.error().what << ": " << made.error().code.message();
  EXPECT_EQ("", contents(crowded_ + "/cgroup.procs"));
  EXPECT_EQ(controller_ + "\n", contents(crowded_ + "/cgroup.subtree_control"));
  // Its leaves are made where they were to be.
  ASSERT_EQ(1, ::write(orders_[1], "?", 1));
  char same = 0;
  ASSERT_EQ(1, ::read(pipe_[0], &same, 1));
  EXPECT_EQ('y', same);
  EXPECT_TRUE(cgroup_leaf::make({.family = family_}, crowded_));
}

TEST_F(CrowdedCgroupTest, StrangersStayWhereTheyAre) {
  const std::string before = contents(crowded_ + "/cgroup.procs");
  const auto made = make_way(directory_.get(), {controller_}, family_ + 1);
  ASSERT_FALSE(made);
  EXPECT_EQ("other programs in the cgroup", made.error().what);
  EXPECT_EQ(std::errc::device_or_resource_busy, made.error().code);
  EXPECT_EQ(before, contents(crowded_ + "/cgroup.procs"));
  const auto inside = fs::directory_iterator{crowded_};
  EXPECT_TRUE(std::none_of(begin(inside), end(inside),
                           [](const auto& entry) { return entry.is_directory(); }));
}

}  // namespace
}  // namespace emilua::sandbox
