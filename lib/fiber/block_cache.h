// The C library's allocator, with what is freed of small blocks kept at hand.
//
// A collector frees objects one by one while as many of the same sizes are made: so each costs a
// few instructions, where malloc and free take some dozens. All blocks are malloc's own: what is
// kept can be given up at any time. Under AddressSanitizer nothing is kept, so that it knows each
// object's end.
//
// For one thread at a time. It must be told the sizes of blocks, as a lua_Alloc is.
#pragma once

#include <array>
#include <cstddef>
#include <utility>

namespace emilua::fiber {

class block_cache {
 public:
  block_cache() = default;
  block_cache(block_cache&& other) noexcept
      : free_(std::exchange(other.free_, {})), kept_(std::exchange(other.kept_, 0)) {}
  block_cache& operator=(block_cache&&) = delete;
  ~block_cache() { clear(); }

  // As realloc does it: a null block has no bytes, and one of no bytes is null. Null also where
  // there is no memory; nothing has happened to the block then.
  [[nodiscard]] void* resize(void* block, std::size_t old_size, std::size_t new_size) noexcept;

  void clear() noexcept;

  // Bytes of the blocks that are kept, and how many may be: about what a small program's collector
  // frees in one go.
  static constexpr std::size_t most_kept = std::size_t{256} << 10;
  [[nodiscard]] std::size_t kept() const noexcept { return kept_; }

 private:
  struct free_block {
    free_block* next;
  };

  [[nodiscard]] void* make(std::size_t size) noexcept;
  void give_back(void* block, std::size_t size) noexcept;
  [[nodiscard]] void* system_resize(void* block, std::size_t size) noexcept;

  static constexpr std::size_t kinds = 17;  // by size
  std::array<free_block*, kinds> free_ = {};
  std::size_t kept_ = 0;
};

}  // namespace emilua::fiber
