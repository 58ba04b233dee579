// The callouts in a translated expression: where PCRE2 calls the matcher back, and why.
//
// PCRE2's own limits count for each start anew, and its loops over single bytes not at all. So the
// matcher counts: between two callouts there are no more than about `straight_line` bytes to
// compare and one loop over single bytes, whose length is the distance between two positions. For
// that the position before each such loop is known, too.
#pragma once

#include <bit>
#include <cstdint>

namespace emilua::regex::callout {

enum : std::uint32_t {
  string = 0,       // with a number as text: a back reference to that group follows
  start = 1,        // the beginning of an attempt
  finish = 2,       // the end of a match
  boundary = 3,     // after \b
  no_boundary = 4,  // where \B has failed: the flags may have it succeed
  step = 5,
  weight = 16,  // + n: what follows takes up to 2^n steps
};

inline constexpr unsigned straight_line = 64;
inline constexpr unsigned bytes_in_step = 16;

// The callout before something that compares so many bytes.
constexpr std::uint32_t weight_of(std::uint64_t bytes) noexcept {
  const std::uint64_t steps = (bytes + bytes_in_step - 1) / bytes_in_step;
  return weight + (steps <= 1 ? 0 : static_cast<std::uint32_t>(std::bit_width(steps - 1)));
}

}  // namespace emilua::regex::callout
