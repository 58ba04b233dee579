#include "lib/fiber/block_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

namespace emilua::fiber {
namespace {

class block {
 public:
  block(block_cache& cache, std::size_t size, unsigned char fill) : cache_(&cache), fill_(fill) {
    resize(size);
  }
  void resize(std::size_t size) {
    data_ = static_cast<unsigned char*>(cache_->resize(data_, size_, size));
    ASSERT_TRUE(size == 0 || data_ != nullptr);
    EXPECT_TRUE(holds(std::min(size, size_)));
    if (size != 0) std::memset(data_, fill_, size);
    size_ = size;
  }
  [[nodiscard]] bool holds(std::size_t size) const {
    return std::all_of(data_, data_ + size, [this](unsigned char c) { return c == fill_; });
  }

 private:
  block_cache* cache_;
  unsigned char* data_ = nullptr;
  std::size_t size_ = 0;
  unsigned char fill_;
};

TEST(BlockCache, BlocksKeepTheirBytes) {
  block_cache cache;
  std::mt19937 source{1};
  std::vector<block> blocks;
  for (int n = 0; n != 200; ++n)
    blocks.emplace_back(cache, source() % 400, static_cast<unsigned char>(n));
  for (int n = 0; n != 50000; ++n) {
    const std::size_t size = source() % 8 == 0 ? source() % 5000 : source() % 300;
    blocks[source() % blocks.size()].resize(source() % 4 == 0 ? 0 : size);
  }
  for (block& b : blocks) b.resize(0);
  EXPECT_EQ(cache.resize(nullptr, 0, 0), nullptr);
}

// One that serves for one size serves for all of its kind: the sizes at the edges say so.
TEST(BlockCache, BlocksAreAsLargeAsAsked) {
  for (std::size_t first = 1; first != 300; ++first)
    for (const std::size_t second : {first - 1, first + 1, first + 15, first + 16}) {
      block_cache cache;
      block kept(cache, 4096, 1), one(cache, first, 2);
      one.resize(0);
      block other(cache, std::max<std::size_t>(second, 1), 3);
      other.resize(0);
      kept.resize(0);
    }
}

TEST(BlockCache, KeepsSome) {
  block_cache cache;
  std::vector<block> blocks;
  for (int n = 0; n != 5000; ++n) blocks.emplace_back(cache, 88, 7);
  for (block& b : blocks) b.resize(0);
  EXPECT_LE(cache.kept(), block_cache::most_kept);
#if !defined(__SANITIZE_ADDRESS__)
  EXPECT_GT(cache.kept(), block_cache::most_kept - 88);
#endif
  const std::size_t kept = cache.kept();
  block another(cache, 87, 1);
  EXPECT_EQ(cache.kept(), kept == 0 ? 0 : kept - 88);
  another.resize(0);
  EXPECT_EQ(cache.kept(), kept);
  cache.clear();
  EXPECT_EQ(cache.kept(), 0U);
}

TEST(BlockCache, WithoutMemoryNothingHappens) {
  block_cache cache;
  block some(cache, 64, 1), more(cache, 64, 2), one(cache, 100, 3);
  more.resize(0);
  void* const mine = cache.resize(nullptr, 0, 10);
  // Volatile, or the compiler warns of what is meant.
  volatile std::size_t too_much = std::numeric_limits<std::size_t>::max() / 2;
  EXPECT_EQ(cache.resize(nullptr, 0, too_much), nullptr);
  EXPECT_EQ(cache.kept(), 0U) << "given up for it";
  EXPECT_EQ(cache.resize(mine, 10, too_much), nullptr);
  EXPECT_EQ(cache.resize(mine, 10, 0), nullptr);
  one.resize(0);
  some.resize(0);
}

}  // namespace
}  // namespace emilua::fiber
