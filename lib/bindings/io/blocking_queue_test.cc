#include "lib/bindings/io/blocking_queue.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <future>
#include <optional>
#include <string>

#include "lib/base/file.h"
#include "lib/fiber/context.h"

namespace emilua::bindings {
namespace {

namespace asio = boost::asio;

struct outcome {
  std::error_code error;
  std::size_t bytes = 0;
};

class BlockingQueueTest : public testing::Test {
 protected:
  ~BlockingQueueTest() override { free_threads(); }

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

  // All threads of the pool wait from now on until free_threads().
  void occupy_threads() {
    for (std::size_t i = 0; i < fiber::blocking_threads::max_threads; ++i)
      ASSERT_FALSE(process.blocking().post([wait = free] { wait.wait(); }));
    occupied = true;
  }
  void free_threads() {
    if (std::exchange(occupied, false)) release.set_value();
  }

  static std::shared_ptr<base::unique_fd> open(const char* path) {
    return std::make_shared<base::unique_fd>(::open(path, O_RDONLY | O_CLOEXEC));
  }

  // Of a kind that cannot be read without waiting, as far as the kernel knows.
  static std::shared_ptr<base::unique_fd> slow_file() { return open("/proc/version"); }

  static io_request read_into(std::string& room, off_t offset = current_position) {
    return {direction::read, room.data(), room.size(), offset};
  }

  std::promise<void> release;
  std::shared_future<void> free = release.get_future().share();
  bool occupied = false;
  fiber::context process{{}};
  asio::io_context& loop = process.main_pool().io();
  std::shared_ptr<blocking_queue> queue = std::make_shared<blocking_queue>(process.blocking());
  std::optional<outcome> first, second, third;
};

TEST_F(BlockingQueueTest, OperationsAtThePositionAreDoneInTheirOrder) {
  const std::string expected = *base::read_file("/proc/version", 1 << 16);
  const auto file = slow_file();
  std::array<std::string, 8> rooms;
  std::array<std::optional<outcome>, 8> results;
  for (std::size_t i = 0; i < rooms.size(); ++i) {
    rooms[i].resize(2);
    queue->start(file, read_into(rooms[i]), into(results[i]));
  }
  run();
  std::string text;
  for (std::size_t i = 0; i < rooms.size(); ++i) text += rooms[i].substr(0, results[i]->bytes);
  EXPECT_EQ(text, expected.substr(0, text.size()));
  EXPECT_EQ(text.size(), 16U);
}

TEST_F(BlockingQueueTest, AnOffsetOfItsOwnWaitsForNobody) {
  occupy_threads();
  std::string slow(4, '-'), fast(3, '-');
  queue->start(slow_file(), read_into(slow), into(first));
  const auto file = std::make_shared<base::unique_fd>(::memfd_create("cached", MFD_CLOEXEC));
  ASSERT_TRUE(base::write_all(file->get(), base::bytes_of("abcdef")));
  queue->start(file, read_into(fast, 2), into(second));
  std::string more(2, '-');
  queue->start(slow_file(), read_into(more, 1), into(third));
  free_threads();
  run();
  EXPECT_EQ(fast, "cde");
  EXPECT_EQ(slow, "Linu");
  EXPECT_EQ(more, "in");
  EXPECT_EQ(::lseek(file->get(), 0, SEEK_CUR), 6);
}

TEST_F(BlockingQueueTest, MuchIsLeftToAThreadThoughItWouldNotWait) {
  std::string room(16 << 20, '-');
  const auto file = std::make_shared<base::unique_fd>(::memfd_create("much", MFD_CLOEXEC));
  ASSERT_EQ(::ftruncate(file->get(), static_cast<off_t>(room.size())), 0);
  occupy_threads();
  queue->start(file, read_into(room), into(first));
  loop.poll();
  EXPECT_FALSE(first);
  free_threads();
  run();
  EXPECT_EQ(first->bytes, room.size());
  EXPECT_EQ(room.find_first_not_of('\0'), std::string::npos);
}

TEST_F(BlockingQueueTest, WhatNoThreadHasBegunCanBeCancelledAlone) {
  occupy_threads();
  std::string a(4, '-'), b(4, '-'), c(4, '-');
  asio::cancellation_signal signal;
  const auto file = slow_file();
  queue->start(file, read_into(a), asio::bind_cancellation_slot(signal.slot(), into(first)));
  queue->start(file, read_into(b), into(second));
  signal.emit(asio::cancellation_type::all);
  loop.poll();
  EXPECT_EQ(first->error, aborted());
  EXPECT_FALSE(second);
  free_threads();
  run();
  EXPECT_FALSE(second->error);
  EXPECT_EQ(a, "----");
  EXPECT_EQ(b, "Linu");
}

TEST_F(BlockingQueueTest, WhatWaitsForItsTurnCanBeCancelledToo) {
  occupy_threads();
  std::string a(2, '-'), b(2, '-'), c(2, '-');
  asio::cancellation_signal signal;
  const auto file = slow_file();
  queue->start(file, read_into(a), into(first));
  queue->start(file, read_into(b), asio::bind_cancellation_slot(signal.slot(), into(second)));
  queue->start(file, read_into(c), into(third));
  signal.emit(asio::cancellation_type::all);
  signal.emit(asio::cancellation_type::all);
  free_threads();
  run();
  EXPECT_EQ(second->error, aborted());
  EXPECT_EQ(a + b + c, "Li--nu");
}

// The event loop ends though the threads have not come to the jobs, which then refer to none of it.
TEST_F(BlockingQueueTest, CancelEndsEverythingThatNoThreadHasBegun) {
  occupy_threads();
  std::string a(4, '-'), b(4, '-'), c(4, '-');
  const auto file = slow_file();
  queue->start(file, read_into(a), into(first));
  queue->start(file, read_into(b), into(second));
  queue->start(file, read_into(c, 2), into(third));
  queue->cancel();
  run();
  for (const auto& result : {first, second, third}) EXPECT_EQ(result->error, aborted());
  EXPECT_EQ(file.use_count(), 1);
  queue.reset();
  free_threads();
}

TEST_F(BlockingQueueTest, CancellationIsAllOrNothing) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const auto reader = std::make_shared<base::unique_fd>(ends[0]);
  const base::unique_fd writer{ends[1]};
  for (int i = 0; i < 300; ++i) {
    std::string room(1, '-');
    std::string sent(1, static_cast<char>(i % 100));
    asio::cancellation_signal signal;
    first.reset();
    queue->start(reader, read_into(room), asio::bind_cancellation_slot(signal.slot(), into(first)));
    if (i % 3 != 0) std::this_thread::yield();
    signal.emit(asio::cancellation_type::all);
    ASSERT_TRUE(base::write_all(writer.get(), base::bytes_of(sent)));
    run();
    if (first->error) {
      EXPECT_EQ(first->error, aborted());
      EXPECT_EQ(room, "-");
      ASSERT_EQ(::read(reader->get(), room.data(), 1), 1);
    }
    EXPECT_EQ(room, sent);
  }
}

TEST_F(BlockingQueueTest, ErrorsArriveLater) {
  std::string room(4, '-');
  const auto directory = open("/proc");
  queue->start(directory, read_into(room), into(first));
  EXPECT_FALSE(first);
  queue->start(slow_file(), read_into(room, -2), into(second));
  run();
  EXPECT_EQ(first->error, std::errc::is_a_directory);
  EXPECT_EQ(second->error, std::errc::invalid_argument);
}

TEST_F(BlockingQueueTest, ADroppedQueueFinishesWhatHasBegun) {
  std::string room(4, '-');
  queue->start(slow_file(), read_into(room), into(first));
  queue.reset();
  run();
  EXPECT_EQ(room, "Linu");
}

}  // namespace
}  // namespace emilua::bindings
