// Views over raw bytes, and erasure that the optimiser keeps.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>

namespace emilua::base {

using byte_view = std::span<const std::byte>;

[[nodiscard]] inline byte_view bytes_of(std::string_view text) noexcept {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

[[nodiscard]] inline std::string_view text_of(byte_view bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Overwrites memory that held a secret; never optimised away.
inline void secure_erase(void* data, std::size_t size) noexcept { ::explicit_bzero(data, size); }

}  // namespace emilua::base
