#include "lib/bindings/serial_port/line.h"

#include <algorithm>

namespace emilua::bindings {
namespace {

constexpr struct {
  std::uint32_t rate;
  speed_t name;
} speeds[] = {
    {50, B50},           {75, B75},           {110, B110},         {134, B134},
    {150, B150},         {200, B200},         {300, B300},         {600, B600},
    {1200, B1200},       {1800, B1800},       {2400, B2400},       {4800, B4800},
    {9600, B9600},       {19200, B19200},     {38400, B38400},     {57600, B57600},
    {115200, B115200},   {230400, B230400},   {460800, B460800},   {500000, B500000},
    {576000, B576000},   {921600, B921600},   {1000000, B1000000}, {1152000, B1152000},
    {1500000, B1500000}, {2000000, B2000000}, {2500000, B2500000}, {3000000, B3000000},
    {3500000, B3500000}, {4000000, B4000000},
};

constexpr tcflag_t sizes[] = {CS5, CS6, CS7, CS8};
constexpr int smallest_size = 5;

void set(tcflag_t& flags, tcflag_t which, bool value) noexcept {
  flags = value ? flags | which : flags & ~which;
}

}  // namespace

std::optional<std::uint32_t> baud_rate_of(const termios& line) noexcept {
  const speed_t name = ::cfgetospeed(&line);
  if (name == B0) return 0;  // hung up
  for (const auto& speed : speeds)
    if (speed.name == name) return speed.rate;
  return std::nullopt;
}

bool set_baud_rate(termios& line, std::int64_t rate) noexcept {
  for (const auto& speed : speeds)
    if (speed.rate == rate)
      return ::cfsetospeed(&line, speed.name) == 0 && ::cfsetispeed(&line, speed.name) == 0;
  return false;
}

flow_control flow_control_of(const termios& line) noexcept {
  if ((line.c_iflag & (IXON | IXOFF)) != 0) return flow_control::software;
  return (line.c_cflag & CRTSCTS) != 0 ? flow_control::hardware : flow_control::none;
}

void set_flow_control(termios& line, flow_control value) noexcept {
  set(line.c_iflag, IXON | IXOFF, value == flow_control::software);
  set(line.c_cflag, CRTSCTS, value == flow_control::hardware);
}

parity parity_of(const termios& line) noexcept {
  if ((line.c_cflag & PARENB) == 0) return parity::none;
  return (line.c_cflag & PARODD) != 0 ? parity::odd : parity::even;
}

void set_parity(termios& line, parity value) noexcept {
  set(line.c_cflag, PARENB, value != parity::none);
  set(line.c_cflag, PARODD, value == parity::odd);
  // Bytes with a wrong parity bit arrive as zeros; without one there is nothing to check.
  set(line.c_iflag, INPCK, value != parity::none);
  if (value != parity::none) set(line.c_iflag, IGNPAR | PARMRK, false);
}

int stop_bits_of(const termios& line) noexcept { return (line.c_cflag & CSTOPB) != 0 ? 2 : 1; }

void set_stop_bits(termios& line, int count) noexcept { set(line.c_cflag, CSTOPB, count == 2); }

int character_size_of(const termios& line) noexcept {
  const auto* found = std::ranges::find(sizes, line.c_cflag & CSIZE);
  return smallest_size + static_cast<int>(found - sizes);
}

void set_character_size(termios& line, int bits) noexcept {
  set(line.c_cflag, CSIZE, false);
  set(line.c_cflag, sizes[bits - smallest_size], true);
}

}  // namespace emilua::bindings
