#include "lib/sandbox/restrict_self.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "lib/base/unique_fd.h"
#include "lib/ipc/test_child.h"
#include "lib/sandbox/policy.h"
#include "lib/sandbox/support.h"

namespace emilua::sandbox {
namespace {

// Threads that were there before, and do one thing after the other.
class crew {
 public:
  explicit crew(int size) : done_(size) {
    for (int i = 0; i < size; ++i) threads_.emplace_back([this, i] { work(i); });
  }
  crew(const crew&) = delete;
  ~crew() {
    each([] { return true; }, true);
    for (std::thread& thread : threads_) thread.join();
  }

  // How many of them say yes.
  int each(std::function<bool()> job, bool last = false) {
    std::unique_lock lock{mutex_};
    job_ = std::move(job);
    last_ = last;
    yes_ = 0;
    pending_ = static_cast<int>(threads_.size());
    ++round_;
    start_.notify_all();
    end_.wait(lock, [this] { return pending_ == 0; });
    return yes_;
  }

 private:
  void work(int self) {
    for (int round = 1;; ++round) {
      std::unique_lock lock{mutex_};
      start_.wait(lock, [&] { return round_ >= round; });
      const bool last = last_;
      const auto job = job_;
      lock.unlock();
      done_[static_cast<std::size_t>(self)] = job() ? 1 : 0;
      lock.lock();
      yes_ += done_[static_cast<std::size_t>(self)] ? 1 : 0;
      if (--pending_ == 0) end_.notify_all();
      if (last) return;
    }
  }

  std::mutex mutex_;
  std::condition_variable start_, end_;
  std::function<bool()> job_;
  int round_ = 0, pending_ = 0, yes_ = 0;
  bool last_ = false;
  std::vector<char> done_;
  std::vector<std::thread> threads_;
};

constexpr int bad_plan = 100, step_failed = 101;

plan_context me() {
  return {.who = subject::self, .uid = ::geteuid(), .gid = ::getegid(), .descriptor_limit = 1024};
}

// 0, or what has gone wrong. In a child: it is for good.
int enter(std::string_view json) {
  const auto policy = read_policy(json);
  if (!policy) return bad_plan;
  const auto plan = make_plan(*policy, probe(), me());
  if (!plan) return bad_plan;
  const auto failed = restrict_self(*plan);
  if (!failed) return 0;
  ::dprintf(2, "%s: errno %d\n", describe(plan->steps.at(failed->index)).c_str(), failed->error);
  return step_failed;
}

bool reads(const std::string& path) {
  return base::unique_fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)}.get() != -1;
}

class RestrictSelfTest : public testing::Test {
 protected:
  RestrictSelfTest() { std::ofstream{file_} << "text"; }
  ~RestrictSelfTest() override { ::unlink(file_.c_str()); }

  const std::string directory_ = ::getenv("TEST_TMPDIR");
  const std::string file_ = directory_ + "/file";
};

TEST_F(RestrictSelfTest, HoldsForThreadsThatWereThereAndThoseToCome) {
  EXPECT_EQ(0, ipc::in_child([&] {
              crew threads{3};
              if (threads.each([&] { return reads(file_) && reads("/etc/passwd"); }) != 3) return 1;
              if (const int bad = enter(R"({"fs": {"read": [")" + directory_ + R"("]}})"))
                return bad;
              if (threads.each([&] { return reads(file_); }) != 3) return 2;
              if (threads.each([] { return reads("/etc/passwd"); }) != 0) return 3;
              if (threads.each([] { return ::socket(AF_INET, SOCK_STREAM, 0) != -1; }) != 0)
                return 4;
              bool later = true;
              std::thread{[&] { later = reads("/etc/passwd"); }}.join();
              if (later || reads("/etc/passwd") || !reads(file_)) return 5;
              return 0;
            }));
}

TEST_F(RestrictSelfTest, EachOfSeveralListsHoldsForAllThreads) {
  EXPECT_EQ(0, ipc::in_child([&] {
              crew threads{2};
              if (const int bad = enter(R"({"fs": {"read": ["/"], "within": [{"read": [")" +
                                        directory_ + R"("]}, {"read": ["/"]}]}})"))
                return bad;
              if (threads.each([&] { return reads(file_); }) != 2) return 1;
              return threads.each([] { return reads("/etc/passwd"); });
            }));
}

TEST_F(RestrictSelfTest, GivesUpCapabilitiesAndLimits) {
  EXPECT_EQ(0, ipc::in_child([&] {
              crew threads{2};
              if (const int bad = enter(R"({"limits": {"open_files": 50}})")) return bad;
              rlimit files{};
              ::getrlimit(RLIMIT_NOFILE, &files);
              if (files.rlim_max != 50) return 1;
              if (::prctl(PR_GET_DUMPABLE) != 0 || ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
                return 2;
              return threads.each(
                  [] { return ::prctl(PR_CAPBSET_READ, 21, 0, 0, 0) == 1 && ::geteuid() == 0; });
            }));
}

TEST_F(RestrictSelfTest, CanBeRepeatedAndOnlyShrinks) {
  EXPECT_EQ(0, ipc::in_child([&] {
              const std::string all = R"({"syscalls": "stdio rpath thread seccomp prctl id error",
                                          "fs": {"read": ["/"]}})";
              if (const int bad = enter(all)) return bad;
              if (!reads("/etc/passwd")) return 1;
              if (const int bad = enter(R"({"fs": {"read": [")" + directory_ + R"("]}})"))
                return bad;
              return reads("/etc/passwd") || !reads(file_) ? 2 : 0;
            }));
}

TEST_F(RestrictSelfTest, AStepThatFailsIsNamed) {
  EXPECT_EQ(0, ipc::in_child([&] {
              policy p;
              p.fs.read = {{.path = directory_}, {.path = "/absent"}};
              const auto plan = make_plan(p, probe(), me());
              if (!plan) return bad_plan;
              const auto failed = restrict_self(*plan);
              if (!failed || failed->error != ENOENT) return 1;
              if (plan->steps.at(failed->index).clause != "fs.read[1]") return 2;
              return reads("/etc/passwd") ? 0 : 3;  // the ruleset was not enforced yet
            }));
}

TEST(RestrictSelfPlanTest, WhatOnlyANewProcessCanHaveIsRefusedByName) {
  support all = all_supported();
  all.landlock_abi = 7;
  const auto refusal = [&](std::string_view json) {
    const auto read = read_policy(json);
    if (!read) return read.error().where;
    const auto made = make_plan(*read, all, me());
    return made ? std::string{"none"} : made.error().where;
  };
  EXPECT_EQ("none", refusal("{}"));
  EXPECT_EQ("none", refusal(R"({"namespaces": [], "net": {"connect": [443]}})"));
  EXPECT_EQ("fs.root", refusal(R"({"fs": {"root": "empty"}})"));
  EXPECT_EQ("fs.mounts", refusal(R"({"fs": {"mounts": [{"type": "proc", "target": "/p"}]}})"));
  EXPECT_EQ("net.loopback", refusal(R"({"net": {"loopback": true}})"));
  EXPECT_EQ("namespaces", refusal(R"({"namespaces": ["pid"]})"));
  EXPECT_EQ("user", refusal(R"({"user": {"uid": 7}})"));
  EXPECT_EQ("limits.wall_time", refusal(R"({"limits": {"wall_time": 1}})"));
  EXPECT_EQ("limits.cgroup", refusal(R"({"limits": {"cgroup": {"pids_max": 1}}})"));
  EXPECT_EQ("env", refusal(R"({"env": {"A": "b"}})"));
  EXPECT_EQ("cwd", refusal(R"({"cwd": "/tmp"})"));
  EXPECT_EQ("hostname", refusal(R"({"hostname": "x"})"));
  EXPECT_EQ("umask", refusal(R"({"umask": 0})"));
  EXPECT_EQ("nice", refusal(R"({"nice": 1})"));
  EXPECT_EQ("oom_score_adj", refusal(R"({"oom_score_adj": 1})"));
  // Nothing but a namespace keeps a filter that permits sockets from the network.
  EXPECT_EQ("net", refusal(R"({"syscalls": "stdio inet"})"));
}

TEST(RestrictSelfPlanTest, ThreadsThatCouldNotSignalEachOtherAreNotScoped) {
  support old = all_supported();
  old.landlock_abi = 6;
  old.thread_signals = false;
  const auto ask = [&](std::string_view json) {
    const auto made = make_plan(*read_policy(json), old, me());
    return made ? std::string{"none"} : made.error().where;
  };
  EXPECT_EQ("none", ask("{}"));  // the filter refuses signals to others
  EXPECT_EQ("ipc.signals", ask(R"({"syscalls": "stdio proc"})"));
  old.thread_signals = true;
  EXPECT_EQ("none", ask(R"({"syscalls": "stdio proc"})"));
}

}  // namespace
}  // namespace emilua::sandbox
