#include "lib/base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

namespace emilua::base {
namespace {

unique_fd memory_file(std::string_view content) {
  unique_fd fd{::memfd_create("file_test", MFD_CLOEXEC)};
  EXPECT_TRUE(fd);
  EXPECT_TRUE(write_all(fd.get(), bytes_of(content)));
  EXPECT_EQ(::lseek(fd.get(), 0, SEEK_SET), 0);
  return fd;
}

TEST(ReadAll, ReturnsWhatWasWritten) {
  const std::string big(100'000, 'x');
  for (const std::string& content : {std::string{}, std::string{"a\0b", 3}, big}) {
    auto got = read_all(memory_file(content).get(), 1 << 20);
    ASSERT_TRUE(got) << got.error();
    EXPECT_EQ(*got, content);
  }
}

TEST(ReadAll, LimitIsInclusive) {
  EXPECT_TRUE(read_all(memory_file("12345").get(), 5));
  auto got = read_all(memory_file("123456").get(), 5);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error(), std::errc::file_too_large);
}

TEST(ReadFile, NamesTheKernelsReason) {
  EXPECT_EQ(read_file("/nonexistent", 10).error(), std::errc::no_such_file_or_directory);
  EXPECT_EQ(read_file("/", 10).error(), std::errc::is_a_directory);
}

TEST(WriteAll, ReportsAFullDevice) {
  unique_fd full{::open("/dev/full", O_WRONLY | O_CLOEXEC)};
  ASSERT_TRUE(full);
  EXPECT_EQ(write_all(full.get(), bytes_of("x")).error(), std::errc::no_space_on_device);
}

TEST(Duplicate, IsCloseOnExecAndShared) {
  unique_fd fd = memory_file("abc");
  auto copy = duplicate(fd.get());
  ASSERT_TRUE(copy);
  EXPECT_NE(copy->get(), fd.get());
  EXPECT_TRUE(::fcntl(copy->get(), F_GETFD) & FD_CLOEXEC);
  EXPECT_EQ(::lseek(copy->get(), 2, SEEK_SET), 2);
  EXPECT_EQ(::lseek(fd.get(), 0, SEEK_CUR), 2);
  EXPECT_EQ(duplicate(-1).error(), std::errc::bad_file_descriptor);
}

// Runs `body` in a child; true if it says so.
template <class Body>
bool in_child(Body body) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(body() ? 0 : 1);
  int status = -1;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(CloseFrom, LeavesOnlyTheLowerNumbers) {
  EXPECT_TRUE(in_child([] {
    if (::dup2(2, 3) == -1 || ::dup2(2, 4) == -1 || ::dup2(2, 500) == -1) return false;
    return close_from(4) && ::fcntl(3, F_GETFD) != -1 && ::fcntl(4, F_GETFD) == -1 &&
           ::fcntl(500, F_GETFD) == -1;
  }));
}

TEST(CloseOnExecFrom, MarksTheHigherNumbers) {
  EXPECT_TRUE(in_child([] {
    if (::dup2(2, 3) == -1 || ::dup2(2, 4) == -1 || ::dup2(2, 500) == -1) return false;
    return close_on_exec_from(4) && ::fcntl(3, F_GETFD) == 0 && ::fcntl(4, F_GETFD) == FD_CLOEXEC &&
           ::fcntl(500, F_GETFD) == FD_CLOEXEC;
  }));
}

TEST(DeadEnd, InputIsAtItsEndAndOutputHasNoReader) {
  ::signal(SIGPIPE, SIG_IGN);
  const auto input = dead_end(true), output = dead_end(false);
  ASSERT_TRUE(input && output);
  char byte = 0;
  EXPECT_EQ(::read(input->get(), &byte, 1), 0);
  EXPECT_EQ(write_all(output->get(), bytes_of("x")).error(), std::errc::broken_pipe);
}

TEST(EnsureStandardDescriptors, FillsWhatIsMissing) {
  for (int missing = 0; missing < 8; ++missing) {
    EXPECT_TRUE(in_child([=] {
      ::signal(SIGPIPE, SIG_IGN);
      for (int fd = 0; fd < 3; ++fd)
        if ((missing >> fd & 1) != 0) ::close(fd);
      if (!ensure_standard_descriptors()) return false;
      char byte = 0;
      for (int fd = 0; fd < 3; ++fd)
        if ((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0 || ::fcntl(fd, F_GETFD) == -1) return false;
      if ((missing & 1) != 0 && ::read(0, &byte, 1) != 0) return false;
      if ((missing & 2) != 0 && ::write(1, &byte, 1) != -1) return false;
      // Nothing but what was there before lies above.
      return (missing & 4) == 0 || ::write(2, &byte, 1) == -1;
    })) << missing;
  }
}

TEST(UniqueFd, ClosesOnce) {
  int number;
  {
    unique_fd a = memory_file("");
    number = a.get();
    unique_fd b = std::move(a);
    EXPECT_FALSE(a);  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(b.get(), number);
  }
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
}

}  // namespace
}  // namespace emilua::base
