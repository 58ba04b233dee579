#include "lib/sandbox/id_ranges.h"

#include <gtest/gtest.h>

namespace emilua::sandbox {
namespace {

TEST(IdRangesTest, OthersHaveTheNumbersBesideOnesOwn) {
  const id_ranges others{{0, 700000, 3}, {0, 800000, 2}};
  EXPECT_EQ((id_ranges{{0, 1000, 1}, {1, 700000, 3}, {4, 800000, 2}}), map_around(0, 1000, others));
  EXPECT_EQ((id_ranges{{2, 1000, 1}, {0, 700000, 2}, {3, 700002, 1}, {4, 800000, 2}}),
            map_around(2, 1000, others));
  EXPECT_EQ((id_ranges{{9, 1000, 1}, {0, 700000, 3}, {3, 800000, 2}}), map_around(9, 1000, others));
  EXPECT_EQ((id_ranges{{7, 1000, 1}}), map_around(7, 1000, {}));
}

TEST(IdRangesTest, ThereAreNoMoreIdsThanNumbers) {
  const id_ranges others{{0, 1, 0xfffffff0}, {0, 1, 100}};
  const id_ranges map = map_around(5, 0, others);
  std::uint64_t count = 0;
  for (const id_range& range : map) {
    EXPECT_LE(std::uint64_t{range.inside} + range.count, 0xffffffff);
    count += range.count;
  }
  EXPECT_EQ(0xffffffff, count);
}

TEST(IdRangesTest, AnIdIsFoundOnBothSides) {
  const id_ranges map{{0, 1000, 1}, {1, 700000, 10}};
  EXPECT_EQ(0u, inside_of(map, 1000));
  EXPECT_EQ(10u, inside_of(map, 700009));
  EXPECT_EQ(std::nullopt, inside_of(map, 700010));
  EXPECT_EQ(std::nullopt, inside_of(map, 0));
  EXPECT_EQ(700001u, outside_of(map, 2));
  EXPECT_EQ(std::nullopt, outside_of(map, 11));
}

}  // namespace
}  // namespace emilua::sandbox
