// The bytes that a JSON string holds as they are, which is most of them: all of ASCII but control
// characters, '"' and '\'. Reading and writing both go from one run of these to the next.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace emilua::bindings::json {

[[nodiscard]] constexpr bool is_plain(char c) noexcept {
  return c >= ' ' && static_cast<unsigned char>(c) < 0x80 && c != '"' && c != '\\';
}

// The first byte from `p` on that is not plain, or `end`.
[[nodiscard]] inline const char* skip_plain(const char* p, const char* end) noexcept {
  if constexpr (std::endian::native == std::endian::little) {
    // Eight bytes at once: the top bit of each is set where the byte, after the bytes wanted were
    // moved to zero, is less than 1 (or than 0x20). A borrow can only reach bytes above a hit.
    constexpr std::uint64_t ones = 0x0101010101010101, tops = 0x80 * ones;
    while (end - p >= 8) {
      std::uint64_t bytes;
      std::memcpy(&bytes, p, sizeof bytes);
      const std::uint64_t quotes = bytes ^ ('"' * ones), escapes = bytes ^ ('\\' * ones);
      const std::uint64_t hits = (bytes | ((bytes - 0x20 * ones) & ~bytes) |
                                  ((quotes - ones) & ~quotes) | ((escapes - ones) & ~escapes)) &
                                 tops;
      if (hits != 0) return p + std::countr_zero(hits) / 8;
      p += 8;
    }
  }
  while (p != end && is_plain(*p)) ++p;
  return p;
}

}  // namespace emilua::bindings::json
