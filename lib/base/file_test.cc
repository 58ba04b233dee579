#include "lib/base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
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
