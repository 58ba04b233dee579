#include "lib/fiber/block_cache.h"

#include <cstdlib>
#include <new>

namespace emilua::fiber {

namespace {

// The sizes that the C library has anyway: blocks of 8 bytes more than a multiple of 16. A block
// may serve for any size of its kind.
constexpr std::size_t kind_of(std::size_t size) noexcept { return (size + 7) / 16; }
constexpr std::size_t size_of(std::size_t kind) noexcept { return kind * 16 + 8; }

#if defined(__SANITIZE_ADDRESS__)
constexpr bool keeps = false;
#else
constexpr bool keeps = true;
#endif

}  // namespace

void* block_cache::system_resize(void* block, std::size_t size) noexcept {
  void* const moved = std::realloc(block, size);
  if (moved != nullptr || kept_ == 0) return moved;
  clear();
  return std::realloc(block, size);
}

void* block_cache::make(std::size_t size) noexcept {
  const std::size_t kind = kind_of(size);
  if (!keeps || kind >= kinds) return system_resize(nullptr, size);
  free_block* const first = free_[kind];
  if (first == nullptr) return system_resize(nullptr, size_of(kind));
  free_[kind] = first->next;
  kept_ -= size_of(kind);
  return first;
}

void block_cache::give_back(void* block, std::size_t size) noexcept {
  const std::size_t kind = kind_of(size);
  if (!keeps || kind >= kinds || kept_ + size_of(kind) > most_kept) {
    std::free(block);
    return;
  }
  free_[kind] = new (block) free_block{free_[kind]};
  kept_ += size_of(kind);
}

void* block_cache::resize(void* block, std::size_t old_size, std::size_t new_size) noexcept {
  if (new_size == 0) {
    if (block != nullptr) give_back(block, old_size);
    return nullptr;
  }
  const std::size_t kind = kind_of(new_size);
  if (block == nullptr) return make(new_size);
  if (!keeps || kind >= kinds) return system_resize(block, new_size);
  return kind == kind_of(old_size) ? block : system_resize(block, size_of(kind));
}

void block_cache::clear() noexcept {
  for (free_block*& first : free_)
    while (first != nullptr) {
      free_block* const next = first->next;
      std::free(first);
      first = next;
    }
  kept_ = 0;
}

}  // namespace emilua::fiber
