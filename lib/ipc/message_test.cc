#include "lib/ipc/message.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/file.h"

namespace emilua::ipc {
namespace {

class MessageTest : public testing::Test {
 protected:
  MessageTest() {
    auto ends = make_channel();
    EXPECT_TRUE(ends);
    reader = std::move(ends->first);
    writer = std::move(ends->second);
  }

  void send(const message_writer& value, const message_limits& limits = {}) {
    auto message = outgoing_message::prepare(value, limits);
    ASSERT_TRUE(message) << message.error();
    ASSERT_TRUE(message->send(writer.get()));
  }

  // Sends a packet as a hostile peer would; the status that the receiver sees.
  packet_status receive_raw(std::string_view packet, std::vector<int> fds = {},
                            const message_limits& limits = {}) {
    EXPECT_TRUE(send_packet(writer.get(), base::bytes_of(packet), fds));
    return receive_message(reader.get(), limits).status;
  }

  base::unique_fd reader, writer;
};

std::string text_of_only_string(const received_message& message) {
  message_reader walk{message.bytes()};
  return std::string{walk.next().string};
}

TEST_F(MessageTest, SmallOnesFitInThePacket) {
  message_writer value;
  value.string("hello");
  send(value);
  const auto got = receive_message(reader.get());
  ASSERT_EQ(got.status, packet_status::received);
  EXPECT_FALSE(got.text.empty());
  EXPECT_EQ(text_of_only_string(got), "hello");
}

TEST_F(MessageTest, LargeOnesTravelInSealedMemory) {
  for (const std::size_t size :
       {max_packet - 20, max_packet, max_packet + 1, std::size_t{5} << 20}) {
    const std::string text(size, 'x');
    message_writer value;
    value.string(text);
    send(value);
    const auto got = receive_message(reader.get());
    ASSERT_EQ(got.status, packet_status::received) << size;
    EXPECT_EQ(got.text.empty(), size >= max_packet) << size;
    EXPECT_EQ(text_of_only_string(got), text);
    EXPECT_TRUE(got.fds.empty());
  }
}

TEST_F(MessageTest, KeptDescriptorsMayBeClosedBeforeTheMessageIsSent) {
  for (const std::size_t size : {10U, 100'000U}) {
    base::unique_fd null{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    message_writer value;
    value.begin_table(2, 0);
    value.string(std::string(size, 'x'));
    value.descriptor(null.get());
    auto message = outgoing_message::prepare(value);
    ASSERT_TRUE(message);
    ASSERT_TRUE(message->keep_descriptors());
    null.reset();
    ASSERT_TRUE(message->send(writer.get()));
    const auto got = receive_message(reader.get());
    ASSERT_EQ(got.status, packet_status::received);
    ASSERT_EQ(got.fds.size(), 1U);
    char byte;
    EXPECT_EQ(::read(got.fds[0].get(), &byte, 1), 0);
  }
}

TEST_F(MessageTest, DescriptorsComeAfterTheMemory) {
  const base::unique_fd null{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  for (const std::size_t size : {10U, 100'000U}) {
    message_writer value;
    value.begin_table(2, 0);
    value.string(std::string(size, 'x'));
    value.descriptor(null.get());
    send(value);
    const auto got = receive_message(reader.get());
    ASSERT_EQ(got.status, packet_status::received);
    ASSERT_EQ(got.fds.size(), 1U);
    char byte;
    EXPECT_EQ(::read(got.fds[0].get(), &byte, 1), 0);
  }
}

TEST_F(MessageTest, SizeLimitHoldsOnBothSides) {
  message_writer value;
  value.string(std::string(50'000, 'x'));
  EXPECT_EQ(outgoing_message::prepare(value, {.bytes = 50'000}).error(), std::errc::message_size);
  send(value, {.bytes = 50'006});
  EXPECT_EQ(receive_message(reader.get(), {.bytes = 50'005}).status, packet_status::malformed);
}

TEST_F(MessageTest, TooManyDescriptors) {
  message_writer value;
  value.begin_table(max_descriptors + 1, 0);
  for (std::size_t i = 0; i <= max_descriptors; ++i) value.descriptor(0);
  EXPECT_EQ(outgoing_message::prepare(value).error(), std::errc::invalid_argument);
}

TEST_F(MessageTest, MalformedPackets) {
  const base::unique_fd null{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  const base::unique_fd unsealed{::memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  const auto garbage = seal(base::bytes_of("not a message"));
  EXPECT_EQ(receive_raw("\2"), packet_status::malformed);
  EXPECT_EQ(receive_raw(std::string_view{"\0", 1}), packet_status::malformed);
  EXPECT_EQ(receive_raw(std::string_view{"\0\1\7", 3}), packet_status::malformed);
  EXPECT_EQ(receive_raw("\1"), packet_status::malformed);
  EXPECT_EQ(receive_raw("\1x", {garbage->get()}), packet_status::malformed);
  EXPECT_EQ(receive_raw("\1", {null.get()}), packet_status::malformed);
  EXPECT_EQ(receive_raw("\1", {unsealed.get()}), packet_status::malformed);
  EXPECT_EQ(receive_raw("\1", {garbage->get()}), packet_status::malformed);
  // A descriptor that the message does not name.
  EXPECT_EQ(receive_raw(std::string_view{"\0\1\1", 3}, {null.get()}), packet_status::malformed);
  EXPECT_EQ(receive_raw(std::string_view{"\0\1\1", 3}), packet_status::received);
}

}  // namespace
}  // namespace emilua::ipc
