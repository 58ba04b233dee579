#include "lib/init/arena.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

namespace emilua::init {
namespace {

constexpr std::size_t page = 4096;

std::byte* bytes(void* block) { return static_cast<std::byte*>(block); }

TEST(Arena, AlignsBlocksAndKeepsThemApart) {
  arena memory{page};
  std::byte* const a = bytes(memory.allocate(1));
  std::byte* const b = bytes(memory.allocate(17));
  std::byte* const c = bytes(memory.allocate(16));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(a) % 16, 0u);
  EXPECT_EQ(b - a, 16);
  EXPECT_EQ(c - b, 32);
  EXPECT_EQ(memory.used(), 64u);
}

TEST(Arena, ServesItsLastByteAndNoMore) {
  arena memory{page};
  EXPECT_EQ(memory.allocate(page + 1), nullptr);
  EXPECT_EQ(memory.allocate(SIZE_MAX), nullptr);
  EXPECT_EQ(memory.allocate(SIZE_MAX - 15), nullptr);
  void* const all = memory.allocate(page);
  ASSERT_NE(all, nullptr);
  std::memset(all, 1, page);
  EXPECT_EQ(memory.allocate(0), nullptr);
}

TEST(Arena, TheNewestBlockGrowsWhereItIs) {
  arena memory{page};
  void* const block = memory.allocate(100);
  EXPECT_EQ(memory.resize(block, 100, 4000), block);
  EXPECT_EQ(memory.resize(block, 4000, page), block);
  EXPECT_EQ(memory.resize(block, page, page + 1), nullptr);
  EXPECT_EQ(memory.resize(block, page, SIZE_MAX), nullptr);
  EXPECT_EQ(memory.used(), page);
}

TEST(Arena, AnOlderBlockMovesWithItsContent) {
  arena memory{page};
  void* const old = memory.allocate(5);
  std::memcpy(old, "abcd", 5);
  (void)memory.allocate(1);
  void* const moved = memory.resize(old, 5, 100);
  ASSERT_NE(moved, nullptr);
  EXPECT_NE(moved, old);
  EXPECT_STREQ(static_cast<char*>(moved), "abcd");
  EXPECT_EQ(memory.resize(old, 5, page), nullptr);
  EXPECT_STREQ(static_cast<char*>(old), "abcd");
}

TEST(Arena, ShrinkingErasesWhatItGivesBack) {
  arena memory{page};
  std::byte* const block = bytes(memory.allocate(64));
  std::memset(block, 0xff, 64);
  EXPECT_EQ(memory.resize(block, 64, 10), block);
  EXPECT_EQ(memory.used(), 16u);
  EXPECT_EQ(block[9], std::byte{0xff});
  for (int i = 16; i < 64; ++i) EXPECT_EQ(block[i], std::byte{0}) << i;
  // An older one stays as large as it was.
  (void)memory.allocate(1);
  EXPECT_EQ(memory.resize(block, 10, 1), block);
  EXPECT_EQ(memory.used(), 32u);
}

TEST(Arena, ResizingNothingAllocates) {
  arena memory{page};
  EXPECT_NE(memory.resize(nullptr, 0, 8), nullptr);
  EXPECT_EQ(memory.used(), 16u);
}

TEST(Arena, WithoutMemoryEveryAllocationFails) {
  arena memory{SIZE_MAX / 2};
  EXPECT_EQ(memory.capacity(), 0u);
  EXPECT_EQ(memory.allocate(1), nullptr);
}

// "dd" in /proc/self/smaps: not in core dumps.
TEST(Arena, IsLeftOutOfCoreDumpsAndUnmappedAtTheEnd) {
  std::ostringstream start;
  auto flags_of_mapping = [&start] {
    std::ifstream smaps{"/proc/self/smaps"};
    bool here = false;
    for (std::string line; std::getline(smaps, line);) {
      if (line.starts_with(start.str())) here = true;
      if (here && line.starts_with("VmFlags:")) return line;
    }
    return std::string{};
  };
  {
    arena memory{page * 3};
    start << std::hex << reinterpret_cast<std::uintptr_t>(memory.allocate(1)) << '-';
    EXPECT_NE(flags_of_mapping().find(" dd"), std::string::npos);
  }
  EXPECT_EQ(flags_of_mapping(), "");
}

}  // namespace
}  // namespace emilua::init
