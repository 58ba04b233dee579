// Searching bytes: the algorithms behind byte_span's find and its like.
//
//   if (const auto at = find_last("a/b/c", "/", 3)) …   // 1
//
// Positions count from 0. Every search takes time linear in the sizes of its arguments, whatever
// their contents, and no memory.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace emilua::bindings {

// Whether a set's members or all other bytes are looked for.
enum class members { in, out };

// The first occurrence of `target`; an empty one is found at 0, unless there are no bytes.
[[nodiscard]] std::optional<std::size_t> find_first(std::string_view bytes,
                                                    std::string_view target) noexcept;

// The last occurrence of `target` that begins before `limit`, which is at most the size; an empty
// one is found at limit - 1.
[[nodiscard]] std::optional<std::size_t> find_last(std::string_view bytes, std::string_view target,
                                                   std::size_t limit) noexcept;

// The first and the last byte that is in `set`, or out of it.
[[nodiscard]] std::optional<std::size_t> find_first_of(std::string_view bytes, std::string_view set,
                                                       members which) noexcept;
[[nodiscard]] std::optional<std::size_t> find_last_of(std::string_view bytes, std::string_view set,
                                                      members which) noexcept;

}  // namespace emilua::bindings
