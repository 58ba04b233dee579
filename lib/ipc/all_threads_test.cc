#include "lib/ipc/all_threads.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "lib/ipc/test_child.h"

namespace emilua::ipc {
namespace {

// What a thread has for itself, and anybody may change: the slack of its timers, in nanoseconds.
long slack() { return ::prctl(PR_GET_TIMERSLACK); }

long set_slack_of_all(long value) {
  return syscall_on_all_threads(SYS_prctl, PR_SET_TIMERSLACK, value);
}

// Threads that wait until they are to tell what slack they have.
class slack_tellers {
 public:
  explicit slack_tellers(int count) {
    for (int i = 0; i < count; ++i) {
      threads_.emplace_back([this] {
        std::unique_lock lock{mutex_};
        ++waiting_;
        changed_.notify_all();
        changed_.wait(lock, [this] { return tell_; });
        told_.push_back(slack());
      });
    }
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return waiting_ == count; });
  }

  std::vector<long> ask() {
    {
      const std::scoped_lock lock{mutex_};
      tell_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    return told_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0;
  bool tell_ = false;
  std::vector<long> told_;
  std::vector<std::thread> threads_;
};

TEST(SyscallOnAllThreads, EveryThreadMakesTheCall) {
  slack_tellers tellers{8};
  EXPECT_EQ(set_slack_of_all(123456), 0);
  EXPECT_EQ(slack(), 123456);
  EXPECT_EQ(tellers.ask(), std::vector<long>(8, 123456));
}

TEST(SyscallOnAllThreads, AFailureChangesNothing) {
  slack_tellers tellers{2};
  errno = 0;
  EXPECT_EQ(syscall_on_all_threads(SYS_prctl, -1), -1);
  EXPECT_EQ(errno, EINVAL);
  static_cast<void>(tellers.ask());
}

TEST(SyscallOnAllThreads, TheSignalIsGivenBack) {
  struct sigaction ours {
  }, found{};
  ours.sa_handler = [](int) {};
  ASSERT_EQ(::sigaction(SIGRTMAX, &ours, nullptr), 0);
  slack_tellers tellers{1};
  EXPECT_EQ(set_slack_of_all(1000), 0);
  ASSERT_EQ(::sigaction(SIGRTMAX, nullptr, &found), 0);
  EXPECT_EQ(found.sa_handler, ours.sa_handler);
  static_cast<void>(tellers.ask());
  ASSERT_EQ(::signal(SIGRTMAX, SIG_DFL), ours.sa_handler);
}

TEST(SyscallOnAllThreads, ThreadsMayComeAndGo) {
  std::atomic<bool> stop = false;
  std::vector<std::thread> makers;
  makers.reserve(3);
  for (int i = 0; i < 3; ++i) {
    makers.emplace_back([&stop] {
      while (!stop) std::thread{[] {}}.join();
    });
  }
  for (long value = 1; value <= 200; ++value) {
    ASSERT_EQ(set_slack_of_all(value), 0);
    long seen = 0;
    std::thread{[&seen] { seen = slack(); }}.join();
    ASSERT_EQ(seen, value);
  }
  stop = true;
  for (std::thread& maker : makers) maker.join();
}

TEST(SyscallOnAllThreads, CallersTakeTurns) {
  std::vector<std::thread> callers;
  callers.reserve(4);
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([] {
      for (long n = 1; n <= 50; ++n) EXPECT_EQ(set_slack_of_all(n), 0);
    });
  }
  for (std::thread& caller : callers) caller.join();
}

// Filters are installed in one thread, as capabilities are.
TEST(SyscallOnAllThreads, AThreadThatCannotEndsTheProcess) {
  EXPECT_EQ(1, in_child([] {
              std::atomic<bool> ready = false;
              std::thread{[&ready] {
                answer(SYS_prctl, EPERM);
                ready = true;
                for (;;) ::pause();
              }}.detach();
              while (!ready) std::this_thread::yield();
              set_slack_of_all(1);
              return 2;
            }));
}

TEST(SyscallOnAllThreads, WithoutProcOnlyOneThreadIsServed) {
  EXPECT_EQ(ENOTSUP, in_child([] {
              std::thread{[] {}}.join();
              answer(SYS_openat, ENOENT);
              return set_slack_of_all(1) == -1 ? errno : 0;
            }));
}

}  // namespace
}  // namespace emilua::ipc
