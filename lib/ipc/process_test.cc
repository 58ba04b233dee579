#include "lib/ipc/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "lib/ipc/test_child.h"

namespace emilua::ipc {
namespace {

constexpr std::uint64_t clone_newtime = 0x80;  // for older <sched.h>

// Reaps the process; __WALL, since its exit signal may be none or not SIGCHLD.
siginfo_t wait_for(const base::unique_fd& pidfd) {
  siginfo_t info{};
  const auto id = static_cast<id_t>(pidfd.get());
  EXPECT_EQ(base::retry([&] { return ::waitid(P_PIDFD, id, &info, WEXITED | __WALL); }), 0);
  return info;
}

[[noreturn]] void wait_to_be_killed() {
  for (;;) ::pause();
}

TEST(CloneProcess, ChildGetsZeroAndParentThePid) {
  base::unique_fd pidfd;
  const pid_t self = ::getpid();
  auto pid = clone_process(0, pidfd, SIGCHLD);
  ASSERT_TRUE(pid) << pid.error();
  if (*pid == 0) ::_exit(!pidfd && ::getppid() == self ? 7 : 8);
  EXPECT_GT(*pid, 0);
  ASSERT_TRUE(pidfd);
  EXPECT_TRUE(::fcntl(pidfd.get(), F_GETFD) & FD_CLOEXEC);
  const siginfo_t info = wait_for(pidfd);
  EXPECT_EQ(info.si_pid, *pid);
  EXPECT_EQ(info.si_code, CLD_EXITED);
  EXPECT_EQ(info.si_status, 7);
}

TEST(CloneProcess, ChildHasACopyOfTheMemory) {
  base::unique_fd pidfd;
  int value = 1;
  auto pid = clone_process(0, pidfd, SIGCHLD);
  ASSERT_TRUE(pid) << pid.error();
  if (*pid == 0) {
    value = 2;
    ::_exit(value);
  }
  EXPECT_EQ(wait_for(pidfd).si_status, 2);
  EXPECT_EQ(value, 1);
}

TEST(CloneProcess, LeaksNoDescriptor) {
  const int before = open_descriptors();
  {
    base::unique_fd pidfd;
    for (int i = 0; i != 2; ++i) {  // the second time over the first one's descriptor
      auto pid = clone_process(0, pidfd, SIGCHLD);
      ASSERT_TRUE(pid) << pid.error();
      if (*pid == 0) ::_exit(open_descriptors() == before ? 0 : 1);
      EXPECT_EQ(wait_for(pidfd).si_status, 0);
    }
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST(CloneProcess, ExitSignalReachesTheParent) {
  sigset_t set;
  sigset_t old;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  ASSERT_EQ(::sigprocmask(SIG_BLOCK, &set, &old), 0);
  base::unique_fd pidfd;
  auto pid = clone_process(0, pidfd, SIGUSR1);
  ASSERT_TRUE(pid) << pid.error();
  if (*pid == 0) ::_exit(0);
  siginfo_t info{};
  EXPECT_EQ(base::retry([&] { return ::sigwaitinfo(&set, &info); }), SIGUSR1);
  EXPECT_EQ(info.si_pid, *pid);
  wait_for(pidfd);
  ASSERT_EQ(::sigprocmask(SIG_SETMASK, &old, nullptr), 0);
}

TEST(CloneProcess, NamespaceFlagsTakeEffect) {
  base::unique_fd pidfd;
  auto pid = clone_process(CLONE_NEWUSER | CLONE_NEWPID, pidfd, SIGCHLD);
  if (!pid) EMILUA_SKIP("no user namespaces: " + pid.error().message());
  if (*pid == 0) ::_exit(::getpid() == 1 ? 0 : 1);
  EXPECT_NE(*pid, 1);
  EXPECT_EQ(wait_for(pidfd).si_status, 0);
}

TEST(CloneProcess, ReportsTheKernelsErrorAndKeepsTheDescriptor) {
  base::unique_fd pidfd{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  const int number = pidfd.get();
  EXPECT_EQ(clone_process(CLONE_NEWUSER | CLONE_FS, pidfd, SIGCHLD).error(),
            std::errc::invalid_argument);
  EXPECT_EQ(pidfd.get(), number);
}

TEST(CloneProcess, RefusesSharedMemory) {
  base::unique_fd pidfd;
  EXPECT_EQ(clone_process(CLONE_VM, pidfd, SIGCHLD).error(), std::errc::invalid_argument);
}

TEST(CloneProcess, FallsBackWithoutClone3) {
  EXPECT_EQ(in_child([] {
              answer(SYS_clone3, ENOSYS);
              base::unique_fd pidfd;
              auto pid = clone_process(0, pidfd, SIGCHLD);
              if (!pid) return pid.error().value();
              if (*pid == 0) pidfd ? ::_exit(1) : wait_to_be_killed();
              if (!(::fcntl(pidfd.get(), F_GETFD) & FD_CLOEXEC)) return 201;
              if (!send_signal(pidfd.get(), SIGTERM)) return 202;
              const siginfo_t info = wait_for(pidfd);
              if (info.si_pid != *pid || info.si_code != CLD_KILLED) return 203;
              return info.si_status == SIGTERM ? 0 : 204;
            }),
            0);
}

TEST(CloneProcess, FallbackKeepsNamespacesAndExitSignal) {
  EXPECT_EQ(in_child([] {
              answer(SYS_clone3, ENOSYS);
              base::unique_fd pidfd;
              // Refused by the kernel only if the flags have arrived.
              return clone_process(CLONE_NEWUSER | CLONE_FS, pidfd, SIGCHLD).error().value();
            }),
            EINVAL);
  EXPECT_EQ(in_child([] {
              answer(SYS_clone3, ENOSYS);
              base::unique_fd pidfd;
              auto pid = clone_process(0, pidfd, SIGCHLD);
              if (!pid) return pid.error().value();
              if (*pid == 0) ::_exit(5);
              int status = 0;  // finds children whose exit signal is SIGCHLD only
              if (base::retry([&] { return ::waitpid(*pid, &status, 0); }) != *pid) return 201;
              return WIFEXITED(status) ? WEXITSTATUS(status) : 202;
            }),
            5);
}

TEST(CloneProcess, FallbackRefusesWhatOnlyClone3Knows) {
  EXPECT_EQ(in_child([] {
              answer(SYS_clone3, ENOSYS);
              base::unique_fd pidfd;
              return clone_process(clone_newtime, pidfd, SIGCHLD).error().value();
            }),
            EINVAL);
}

TEST(CloneProcess, OtherErrorsDoNotFallBack) {
  EXPECT_EQ(in_child([] {
              answer(SYS_clone3, EAGAIN);
              base::unique_fd pidfd;
              return clone_process(0, pidfd, SIGCHLD).error().value();
            }),
            EAGAIN);
}

TEST(TryReap, DoesNotWait) {
  base::unique_fd pidfd;
  auto pid = clone_process(0, pidfd, SIGCHLD);
  ASSERT_TRUE(pid) << pid.error();
  if (*pid == 0) wait_to_be_killed();
  const auto lives = [&] {
    const auto found = try_reap(pidfd.get());
    return found && !*found;
  };
  EXPECT_TRUE(lives());
  // As event loops have it: waitid(2) without WNOHANG says EAGAIN then.
  ASSERT_NE(::fcntl(pidfd.get(), F_SETFL, O_NONBLOCK), -1);
  EXPECT_TRUE(lives());
  ASSERT_NE(::fcntl(pidfd.get(), F_SETFL, 0), -1);
  EXPECT_TRUE(send_signal(pidfd.get(), SIGKILL));
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), &info, WEXITED | WNOWAIT), 0);
  const auto killed = try_reap(pidfd.get());
  ASSERT_TRUE(killed && *killed);
  EXPECT_EQ((*killed)->signal, SIGKILL);
  EXPECT_EQ(try_reap(pidfd.get()).error(), base::system_error(ECHILD));
}

TEST(SendSignal, KillsTheProcess) {
  base::unique_fd pidfd;
  auto pid = clone_process(0, pidfd, SIGCHLD);
  ASSERT_TRUE(pid) << pid.error();
  if (*pid == 0) wait_to_be_killed();
  EXPECT_TRUE(send_signal(pidfd.get(), 0));
  EXPECT_TRUE(send_signal(pidfd.get(), SIGKILL));
  const siginfo_t info = wait_for(pidfd);
  EXPECT_EQ(info.si_code, CLD_KILLED);
  EXPECT_EQ(info.si_status, SIGKILL);
}

TEST(SendSignal, ZombieIsThereAndReapedProcessIsNot) {
  base::unique_fd pidfd;
  auto pid = clone_process(0, pidfd, SIGCHLD);
  ASSERT_TRUE(pid) << pid.error();
  if (*pid == 0) ::_exit(0);
  siginfo_t info{};
  const auto id = static_cast<id_t>(pidfd.get());
  ASSERT_EQ(::waitid(P_PIDFD, id, &info, WEXITED | WNOWAIT), 0);
  EXPECT_TRUE(send_signal(pidfd.get(), SIGTERM));
  wait_for(pidfd);
  EXPECT_EQ(send_signal(pidfd.get(), SIGTERM).error(), std::errc::no_such_process);
}

TEST(SendSignal, RefusesWhatIsNoProcessAndNoSignal) {
  EXPECT_EQ(send_signal(-1, SIGTERM).error(), std::errc::bad_file_descriptor);
  base::unique_fd null{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  EXPECT_EQ(send_signal(null.get(), SIGTERM).error(), std::errc::bad_file_descriptor);
  base::unique_fd pidfd;
  auto pid = clone_process(0, pidfd, SIGCHLD);
  ASSERT_TRUE(pid) << pid.error();
  if (*pid == 0) wait_to_be_killed();
  EXPECT_EQ(send_signal(pidfd.get(), 12345).error(), std::errc::invalid_argument);
  EXPECT_TRUE(send_signal(pidfd.get(), SIGKILL));
  wait_for(pidfd);
}

TEST(Reap, TellsHowAProcessHasEnded) {
  base::unique_fd pidfd;
  auto pid = clone_process(0, pidfd, SIGCHLD);
  ASSERT_TRUE(pid) << pid.error();
  if (*pid == 0) ::_exit(7);
  const auto exited = reap(pidfd.get());
  ASSERT_TRUE(exited) << exited.error();
  EXPECT_EQ(exited->code, 7);
  EXPECT_EQ(exited->signal, 0);
  EXPECT_EQ(reap(pidfd.get()).error(), base::system_error(ECHILD));

  pid = clone_process(0, pidfd, SIGCHLD);
  ASSERT_TRUE(pid) << pid.error();
  if (*pid == 0) wait_to_be_killed();
  ASSERT_TRUE(send_signal(pidfd.get(), SIGKILL));
  const auto killed = reap(pidfd.get());
  ASSERT_TRUE(killed) << killed.error();
  EXPECT_EQ(killed->code, 128 + SIGKILL);
  EXPECT_EQ(killed->signal, SIGKILL);
}

}  // namespace
}  // namespace emilua::ipc
