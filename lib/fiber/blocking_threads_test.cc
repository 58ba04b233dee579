#include "lib/fiber/blocking_threads.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <future>
#include <latch>
#include <memory>
#include <utility>

namespace emilua::fiber {
namespace {

TEST(BlockingThreads, AsManyJobsAsThereMayBeThreadsRunAtOnce) {
  std::latch all{blocking_threads::max_threads + 1};
  blocking_threads threads;
  for (std::size_t i = 0; i < blocking_threads::max_threads; ++i)
    ASSERT_FALSE(threads.post([&] { all.arrive_and_wait(); }));
  all.arrive_and_wait();
}

TEST(BlockingThreads, WhatIsMoreWaitsForItsTurn) {
  std::promise<void> release;
  const auto released = release.get_future().share();
  std::latch done{1000};
  std::atomic<std::size_t> running{0}, most{0};
  blocking_threads threads;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_FALSE(threads.post([&, released] {
      const std::size_t now = ++running;
      for (std::size_t seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
      }
      released.wait();
      --running;
      done.count_down();
    }));
  }
  release.set_value();
  done.wait();
  EXPECT_LE(most, blocking_threads::max_threads);
}

TEST(BlockingThreads, JobsFollowOneAnother) {
  blocking_threads threads;
  for (int i = 0; i < 200; ++i) {
    std::promise<int> answer;
    auto answered = answer.get_future();
    ASSERT_FALSE(threads.post([i, answer = std::move(answer)]() mutable { answer.set_value(i); }));
    EXPECT_EQ(answered.get(), i);
  }
}

TEST(BlockingThreads, TheEndWaitsForWhatHasBegunAndDropsTheRest) {
  std::atomic<int> ran{0};
  const auto held = std::make_shared<int>(1);
  {
    std::promise<void> release;
    const auto released = release.get_future().share();
    std::latch begun{blocking_threads::max_threads};
    blocking_threads threads;
    for (std::size_t i = 0; i < blocking_threads::max_threads; ++i) {
      ASSERT_FALSE(threads.post([&, released, held] {
        begun.count_down();
        released.wait();
        ++ran;
      }));
    }
    begun.wait();
    release.set_value();
  }
  EXPECT_EQ(ran, static_cast<int>(blocking_threads::max_threads));
  EXPECT_EQ(held.use_count(), 1);
}

// From now on nothing new runs in this process.
bool forbid_threads() {
  const auto refuse = static_cast<std::uint32_t>(SECCOMP_RET_ERRNO | EAGAIN);
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, refuse),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{std::size(filter), filter};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST(BlockingThreads, NoThreadAtAllIsAnErrorButOneIsEnough) {
  const pid_t child = ::fork();
  ASSERT_NE(child, -1);
  if (child == 0) {
    blocking_threads none, one;
    std::latch idle{2}, done{100};
    if (one.post([&] { idle.arrive_and_wait(); })) ::_exit(2);
    idle.arrive_and_wait();
    if (!forbid_threads()) ::_exit(3);
    const std::error_code error = none.post([] {});
    if (error != std::errc::resource_unavailable_try_again) ::_exit(4);
    for (int i = 0; i < 100; ++i)
      if (one.post([&] { done.count_down(); })) ::_exit(5);
    done.wait();
    ::_exit(0);
  }
  int status;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace emilua::fiber
