#include "lib/init/arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "lib/base/bytes.h"

namespace emilua::init {
namespace {

constexpr std::size_t alignment = 16;  // of what Lua keeps in userdata: any C type

// 0 for a size so large that it would wrap around.
constexpr std::size_t rounded(std::size_t size) noexcept {
  return (size + alignment - 1) & ~(alignment - 1);
}

}  // namespace

arena::arena(std::size_t size) noexcept {
  void* const memory =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;
  // Keeps secrets out of core files; a kernel that cannot is no reason to stop.
  (void)::madvise(memory, size, MADV_DONTDUMP);
  base_ = static_cast<std::byte*>(memory);
  capacity_ = size;
}

arena::~arena() {
  if (base_ == nullptr) return;
  base::secure_erase(base_, used_);
  ::munmap(base_, capacity_);
}

void* arena::allocate(std::size_t size) noexcept {
  const std::size_t step = rounded(std::max<std::size_t>(size, 1));
  if (step == 0 || step > capacity_ - used_) return nullptr;
  void* const block = base_ + used_;
  used_ += step;
  return block;
}

bool arena::is_newest(const void* block, std::size_t size) const noexcept {
  const std::size_t start = static_cast<std::size_t>(static_cast<const std::byte*>(block) - base_);
  return start + rounded(std::max<std::size_t>(size, 1)) == used_;
}

// What is given back is erased at once, so that the destructor finds every secret below `used_`.
void arena::shrink_newest(std::size_t start, std::size_t new_size) noexcept {
  const std::size_t end = start + rounded(std::max<std::size_t>(new_size, 1));
  base::secure_erase(base_ + end, used_ - end);
  used_ = end;
}

void* arena::resize(void* block, std::size_t old_size, std::size_t new_size) noexcept {
  if (block == nullptr) return allocate(new_size);
  const bool newest = is_newest(block, old_size);
  const std::size_t start = static_cast<std::size_t>(static_cast<std::byte*>(block) - base_);
  if (new_size <= old_size) {
    if (newest) shrink_newest(start, new_size);
    return block;
  }
  if (newest) {
    const std::size_t step = rounded(new_size);
    if (step == 0 || step > capacity_ - start) return nullptr;
    used_ = start + step;
    return block;
  }
  void* const copy = allocate(new_size);
  if (copy != nullptr) std::memcpy(copy, block, old_size);
  return copy;
}

}  // namespace emilua::init
