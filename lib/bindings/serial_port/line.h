// The settings of a serial line, in the words of programs, as parts of a termios.
//
//   termios line;
//   if (::tcgetattr(fd, &line) == 0 && set_baud_rate(line, 115200)) …
//
// What is set leaves all else as it is. Source: termios(3).
#pragma once

#include <termios.h>

#include <cstdint>
#include <optional>

namespace emilua::bindings {

enum class flow_control { none, software, hardware };
enum class parity { none, odd, even };

// In bits per second, of output; nothing for a rate that termios has no name for.
[[nodiscard]] std::optional<std::uint32_t> baud_rate_of(const termios& line) noexcept;
// Of both directions. False for such a rate.
[[nodiscard]] bool set_baud_rate(termios& line, std::int64_t rate) noexcept;

[[nodiscard]] flow_control flow_control_of(const termios& line) noexcept;
void set_flow_control(termios& line, flow_control value) noexcept;

[[nodiscard]] parity parity_of(const termios& line) noexcept;
void set_parity(termios& line, parity value) noexcept;

// 1 or 2; there is nothing between them.
[[nodiscard]] int stop_bits_of(const termios& line) noexcept;
void set_stop_bits(termios& line, int count) noexcept;

// 5 to 8 bits.
[[nodiscard]] int character_size_of(const termios& line) noexcept;
void set_character_size(termios& line, int bits) noexcept;

}  // namespace emilua::bindings
