// One mapping that holds everything, is never reused within, and is erased at the end.
//
//   arena memory{std::size_t{1} << 20};
//   void* block = memory.allocate(100);             // nullptr: exhausted
//   block = memory.resize(block, 100, 200);         // in place when it is the newest block
//   // ~arena: what was used is overwritten, and the mapping given back
//
// Blocks are aligned to 16 bytes and there is no way to free one. The mapping is left out of core
// dumps. Nothing here touches the process's heap. Bytes behind the newest block are always zero.
#pragma once

#include <cstddef>

namespace emilua::init {

class arena {
 public:
  // Maps `size` bytes. Without memory the arena is one where every allocation fails.
  explicit arena(std::size_t size) noexcept;
  ~arena();
  arena(const arena&) = delete;
  arena& operator=(const arena&) = delete;

  [[nodiscard]] void* allocate(std::size_t size) noexcept;

  // Grows or shrinks a block and keeps its first min(old_size, new_size) bytes. A null `block` is
  // a new one. On failure (nullptr) the old block is as it was.
  [[nodiscard]] void* resize(void* block, std::size_t old_size, std::size_t new_size) noexcept;

  [[nodiscard]] std::size_t used() const noexcept { return used_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

 private:
  [[nodiscard]] bool is_newest(const void* block, std::size_t size) const noexcept;
  void shrink_newest(std::size_t start, std::size_t new_size) noexcept;

  std::byte* base_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t used_ = 0;  // a multiple of the alignment
};

}  // namespace emilua::init
