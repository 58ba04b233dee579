// Linked with nothing but what may run between clone and exec.
#include "lib/ipc/spawn_program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "lib/base/file.h"
#include "lib/ipc/process.h"
#include "lib/ipc/test_child.h"

namespace emilua::ipc {
namespace {

program_request shell(const char* command) {
  program_request request;
  request.paths = {"/bin/sh"};
  request.arguments = {"sh", "-c", command};
  request.environment = {"PATH=/bin:/usr/bin"};
  return request;
}

struct pipe_pair {
  pipe_pair() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    reader.reset(ends[0]);
    writer.reset(ends[1]);
  }
  base::unique_fd reader, writer;
};

int exit_code(const program_request& request) {
  const auto child = spawn_program(request);
  if (!child) return -child.error().code.value();
  const auto status = reap(child->pidfd.get());
  return status ? status->code : -1;
}

std::string output_of(program_request request) {
  pipe_pair out;
  request.descriptors[1] = out.writer.get();
  const auto child = spawn_program(request);
  if (!child) return child.error().code.message();
  out.writer.reset();
  const auto text = base::read_all(out.reader.get(), 1 << 20);
  EXPECT_TRUE(reap(child->pidfd.get()));
  return text ? *text : text.error().message();
}

TEST(SpawnProgram, RunsAProgram) {
  EXPECT_EQ(exit_code(shell("exit 7")), 7);
  EXPECT_EQ(exit_code(shell("kill -TERM $$")), 128 + SIGTERM);
  EXPECT_EQ(output_of(shell("echo hello")), "hello\n");
}

TEST(SpawnProgram, PathsAreTriedInOrder) {
  program_request request;
  request.paths = {"/nonexistent/x", "/etc/passwd/x", "/etc", "/bin/true"};
  EXPECT_EQ(exit_code(request), 0);
  request.paths = {"/nonexistent/x", "/etc", "/nonexistent/x"};
  const auto child = spawn_program(request);
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().code, base::system_error(EACCES));
  EXPECT_EQ(child.error().step, program_step::program);
  request.paths = {};
  EXPECT_EQ(exit_code(request), -ENOENT);
}

TEST(SpawnProgram, AFailureLeavesNeitherZombieNorDescriptor) {
  const int before = open_descriptors();
  program_request request = shell("exit 0");
  request.working_directory_path = "/nonexistent";
  for (int i = 0; i < 20; ++i) {
    const auto child = spawn_program(request);
    ASSERT_FALSE(child);
    EXPECT_STREQ(step_name(child.error().step), "working_directory");
    EXPECT_EQ(child.error().code, base::system_error(ENOENT));
  }
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
  EXPECT_EQ(open_descriptors(), before);
}

// All seven numbers in a circle: each source lies where another is to go.
TEST(SpawnProgram, DescriptorsMayChangePlacesInACircle) {
  EXPECT_EQ(0, in_child([] {
              for (int fd = 3; fd < 10; ++fd) {
                const std::string text{static_cast<char>('0' + fd)};
                int ends[2];
                if (::pipe(ends) == -1) return 1;
                if (::write(ends[1], text.data(), 1) != 1) return 2;
                const int lifted = ::fcntl(ends[0], F_DUPFD_CLOEXEC, 100 + fd);
                ::close(ends[0]);
                ::close(ends[1]);
                if (lifted == -1) return 3;
              }
              for (int fd = 3; fd < 10; ++fd) {
                if (::dup3(100 + fd, fd, O_CLOEXEC) == -1) return 4;
              }
              program_request request = shell(
                  "for n in 3 4 5 6 7 8 9; do eval \"head -c 1 <&$n\"; done | grep -qx 4567893");
              for (std::size_t fd = 3; fd < 10; ++fd)
                request.descriptors[fd] = fd == 9 ? 3 : static_cast<int>(fd) + 1;
              return exit_code(request);
            }));
}

TEST(SpawnProgram, ADescriptorWithoutCloseOnExecDoesNotLeak) {
  EXPECT_EQ(0, in_child([] {
              if (::dup2(2, 7) == -1 || ::dup2(2, 200) == -1) return 1;
              return exit_code(shell("test ! -e /proc/self/fd/7 && test ! -e /proc/self/fd/200"));
            }));
}

TEST(SpawnProgram, OlderKernelsWork) {
  for (const long call : {SYS_clone3, SYS_close_range}) {
    EXPECT_EQ(0, in_child([call] {
                answer(call, ENOSYS);
                if (::dup2(2, 200) == -1) return 1;
                return exit_code(shell("test ! -e /proc/self/fd/200"));
              }));
  }
}

TEST(SpawnProgram, TooFewDescriptorsAreReported) {
  EXPECT_EQ(0, in_child([] {
              const rlimit few{.rlim_cur = 10, .rlim_max = 10};
              if (::setrlimit(RLIMIT_NOFILE, &few) == -1) return 1;
              const auto child = spawn_program(shell("exit 0"));
              return child || child.error().step != program_step::clone ? 2 : 0;
            }));
}

TEST(SpawnProgram, SignalsOfTheParentStayOutOfTheChild) {
  EXPECT_EQ(
      0, in_child([] {
        sigset_t mask;
        ::sigfillset(&mask);
        ::sigprocmask(SIG_SETMASK, &mask, nullptr);
        ::signal(SIGINT, SIG_IGN);
        ::signal(SIGPIPE, SIG_IGN);
        // The shell itself blocks signals while it starts programs.
        if (exit_code(shell("exec grep -qz 'SigBlk:.0000000000000000.SigIgn:.0000000000000000'"
                            " /proc/self/status")) != 0)
          return 1;
        sigset_t after;
        ::sigprocmask(SIG_SETMASK, nullptr, &after);
        return ::sigismember(&after, SIGUSR1) == 1 ? 0 : 2;
      }));
}

TEST(SpawnProgram, ThePidOfTheChildComesAsVariable) {
  program_request request = shell("test \"$CHILD\" = $$ && test \"$B\" = $$");
  request.pid_variables = {"CHILD", "B"};
  EXPECT_EQ(exit_code(request), 0);
}

TEST(SpawnProgram, ManyThreadsMaySpawn) {
  const int before = open_descriptors();
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t, &wrong] {
      const std::string command = "exit " + std::to_string(t);
      for (int i = 0; i < 50; ++i) wrong += exit_code(shell(command.c_str())) != t;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace emilua::ipc
