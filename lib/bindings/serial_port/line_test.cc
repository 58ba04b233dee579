#include "lib/bindings/serial_port/line.h"

#include <gtest/gtest.h>

namespace emilua::bindings {
namespace {

// Every flag set, or none: what a setting does not own stays so.
termios line_with(bool all_set) {
  termios line{};
  if (all_set) {
    line.c_iflag = line.c_oflag = line.c_lflag = ~tcflag_t{0};
    line.c_cflag = ~tcflag_t{CBAUD | CIBAUD};
  }
  return line;
}

class LineTest : public testing::TestWithParam<bool> {
 protected:
  void expect_changed(tcflag_t input, tcflag_t control) const {
    EXPECT_EQ((line.c_iflag ^ before.c_iflag) & ~input, 0U);
    EXPECT_EQ((line.c_cflag ^ before.c_cflag) & ~control, 0U);
    EXPECT_EQ(line.c_oflag, before.c_oflag);
    EXPECT_EQ(line.c_lflag, before.c_lflag);
  }

  const termios before = line_with(GetParam());
  termios line = before;
};

TEST_P(LineTest, BaudRates) {
  for (const std::uint32_t rate : {50U, 9600U, 115200U, 4000000U}) {
    EXPECT_TRUE(set_baud_rate(line, rate));
    EXPECT_EQ(baud_rate_of(line), rate);
    EXPECT_EQ(::cfgetispeed(&line), ::cfgetospeed(&line));
  }
  for (const std::int64_t rate : {std::int64_t{0}, std::int64_t{-9600}, std::int64_t{12345},
                                  std::int64_t{9600} + (std::int64_t{1} << 32)}) {
    EXPECT_FALSE(set_baud_rate(line, rate));
    EXPECT_EQ(baud_rate_of(line), 4000000U);
  }
  ::cfsetospeed(&line, B0);
  EXPECT_EQ(baud_rate_of(line), 0U);
}

TEST_P(LineTest, FlowControl) {
  for (const flow_control value :
       {flow_control::software, flow_control::hardware, flow_control::none}) {
    set_flow_control(line, value);
    EXPECT_EQ(flow_control_of(line), value);
    expect_changed(IXON | IXOFF, CRTSCTS);
  }
  line.c_iflag |= IXON;
  EXPECT_EQ(flow_control_of(line), flow_control::software);
}

TEST_P(LineTest, Parity) {
  for (const parity value : {parity::odd, parity::even, parity::none, parity::even}) {
    set_parity(line, value);
    EXPECT_EQ(parity_of(line), value);
    expect_changed(INPCK | IGNPAR | PARMRK, PARENB | PARODD);
    EXPECT_EQ((line.c_iflag & INPCK) != 0, value != parity::none);
  }
}

TEST_P(LineTest, StopBits) {
  for (const int count : {2, 1, 2}) {
    set_stop_bits(line, count);
    EXPECT_EQ(stop_bits_of(line), count);
    expect_changed(0, CSTOPB);
  }
}

TEST_P(LineTest, CharacterSizes) {
  for (const int bits : {5, 8, 6, 7}) {
    set_character_size(line, bits);
    EXPECT_EQ(character_size_of(line), bits);
    expect_changed(0, CSIZE);
  }
}

INSTANTIATE_TEST_SUITE_P(Flags, LineTest, testing::Bool());

}  // namespace
}  // namespace emilua::bindings
