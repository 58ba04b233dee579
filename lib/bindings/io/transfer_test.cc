#include "lib/bindings/io/transfer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <optional>
#include <string>

#include "lib/base/file.h"

namespace emilua::bindings {
namespace {

namespace asio = boost::asio;

struct outcome {
  std::error_code error;
  std::size_t bytes = 0;
};

class TransferTest : public testing::Test {
 protected:
  // Keeps what the handler was told.
  auto into(std::optional<outcome>& target) {
    return asio::bind_executor(loop.get_executor(),
                               [&target](std::error_code error, std::size_t n) {
                                 target = outcome{error, n};
                               });
  }

  void run() {
    loop.restart();
    loop.run();
  }

  std::pair<base::unique_fd, base::unique_fd> make_pipe() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    return {base::unique_fd{ends[0]}, base::unique_fd{ends[1]}};
  }

  fiber::context process{{}};
  asio::io_context& loop = process.main_pool().io();
  transfer_object io{process, loop};
  std::string room = std::string(64, '-');
  std::optional<outcome> result;
};

const std::error_code aborted = asio::error::make_error_code(asio::error::operation_aborted);
const std::error_code eof = asio::error::make_error_code(asio::error::eof);

TEST_F(TransferTest, ARegularFileThenItsEnd) {
  base::unique_fd file{::memfd_create("transfer_test", MFD_CLOEXEC)};
  ASSERT_TRUE(base::write_all(file.get(), base::bytes_of("abc")));
  ASSERT_EQ(::lseek(file.get(), 0, SEEK_SET), 0);
  io.assign(std::move(file));
  io.async_read_some(asio::buffer(room), into(result));
  EXPECT_FALSE(result) << "completed inside its start";
  run();
  EXPECT_FALSE(result->error);
  EXPECT_EQ(room.substr(0, result->bytes), "abc");
  io.async_read_some(asio::buffer(room), into(result));
  run();
  EXPECT_EQ(result->error, eof);
}

TEST_F(TransferTest, APipeIsAwaitedAndStaysInBlockingMode) {
  auto [reader, writer] = make_pipe();
  const int number = reader.get();
  io.assign(std::move(reader));
  io.async_read_some(asio::buffer(room), into(result));
  loop.poll();
  EXPECT_FALSE(result);
  ASSERT_TRUE(base::write_all(writer.get(), base::bytes_of("xy")));
  run();
  EXPECT_EQ(result->bytes, 2U);
  EXPECT_EQ(::fcntl(number, F_GETFL) & O_NONBLOCK, 0);
  writer.reset();
  io.async_read_some(asio::buffer(room), into(result));
  run();
  EXPECT_EQ(result->error, eof);
}

TEST_F(TransferTest, AFullPipeIsAwaitedForWriting) {
  auto [reader, writer] = make_pipe();
  io.assign(std::move(writer));
  const std::string big(1 << 20, 'x');
  io.async_write_some(asio::buffer(big), into(result));
  run();
  ASSERT_FALSE(result->error);
  ASSERT_GT(result->bytes, 0U);
  const std::size_t filled = result->bytes;
  ASSERT_LT(filled, big.size());
  result.reset();
  io.async_write_some(asio::buffer(big), into(result));
  loop.poll();
  if (result) return;  // there was room after all: it was counted in bytes, not pages
  std::string drained(filled, '\0');
  ASSERT_GT(::read(reader.get(), drained.data(), drained.size()), 0);
  run();
  EXPECT_FALSE(result->error);
  EXPECT_GT(result->bytes, 0U);
}

TEST_F(TransferTest, WritingToNobody) {
  ::signal(SIGPIPE, SIG_IGN);
  auto [reader, writer] = make_pipe();
  reader.reset();
  io.assign(std::move(writer));
  io.async_write_some(asio::buffer("x", 1), into(result));
  run();
  EXPECT_EQ(result->error, std::errc::broken_pipe);
}

TEST_F(TransferTest, CancellingTheObjectOrOneOperation) {
  auto [reader, writer] = make_pipe();
  io.assign(std::move(reader));
  std::optional<outcome> second;
  asio::cancellation_signal signal;
  io.async_read_some(asio::buffer(room), asio::bind_cancellation_slot(signal.slot(), into(result)));
  io.async_read_some(asio::buffer(room), into(second));
  loop.poll();
  signal.emit(asio::cancellation_type::all);
  loop.poll();
  EXPECT_EQ(result->error, aborted);
  EXPECT_FALSE(second);
  io.cancel();
  run();
  EXPECT_EQ(second->error, aborted);
}

TEST_F(TransferTest, ClosingWhileReadingEndsTheRead) {
  auto [reader, writer] = make_pipe();
  io.assign(std::move(reader));
  io.async_read_some(asio::buffer(room), into(result));
  loop.poll();
  io.close();
  run();
  EXPECT_EQ(result->error, aborted);
  io.async_read_some(asio::buffer(room), into(result));
  run();
  EXPECT_EQ(result->error, std::errc::bad_file_descriptor);
}

TEST_F(TransferTest, ReleaseGivesTheDescriptorBack) {
  auto [reader, writer] = make_pipe();
  const int number = reader.get();
  io.assign(std::move(reader));
  EXPECT_EQ(io.release().get(), number);
  EXPECT_FALSE(io.is_open());
}

TEST_F(TransferTest, EmptyBuffersAskNobody) {
  auto [reader, writer] = make_pipe();
  io.assign(std::move(reader));
  io.async_read_some(asio::mutable_buffer{}, into(result));
  run();
  EXPECT_FALSE(result->error);
  EXPECT_EQ(result->bytes, 0U);
}

TEST_F(TransferTest, DevicesWithoutReadiness) {
  base::unique_fd zero{::open("/dev/zero", O_RDONLY | O_CLOEXEC)};
  io.assign(std::move(zero));
  room.assign(64, '-');
  io.async_read_some(asio::buffer(room), into(result));
  run();
  EXPECT_EQ(result->bytes, 64U);
  EXPECT_EQ(room, std::string(64, '\0'));
  io.close();
  io.assign(base::unique_fd{::open("/dev/full", O_WRONLY | O_CLOEXEC)});
  io.async_write_some(asio::buffer("x", 1), into(result));
  run();
  EXPECT_EQ(result->error, std::errc::no_space_on_device);
}

TEST_F(TransferTest, ATerminalIsAwaited) {
  base::unique_fd terminal{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
  if (!terminal || ::grantpt(terminal.get()) != 0 || ::unlockpt(terminal.get()) != 0)
    GTEST_SKIP() << "no pseudo-terminals here";
  base::unique_fd program{::open(::ptsname(terminal.get()), O_RDWR | O_NOCTTY | O_CLOEXEC)};
  if (!program) GTEST_SKIP() << "no pseudo-terminals here";
  io.assign(std::move(program));
  io.async_read_some(asio::buffer(room), into(result));
  loop.poll();
  EXPECT_FALSE(result);
  ASSERT_TRUE(base::write_all(terminal.get(), base::bytes_of("line\n")));
  run();
  ASSERT_FALSE(result->error);
  EXPECT_EQ(room.substr(0, result->bytes), "line\n");
}

}  // namespace
}  // namespace emilua::bindings
