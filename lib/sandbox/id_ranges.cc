#include "lib/sandbox/id_ranges.h"

#include <algorithm>

namespace emilua::sandbox {
namespace {

std::string in_words(const id_ranges& map) {
  std::string text;
  for (const id_range& range : map)
    text += (text.empty() ? " " : ", ") + std::to_string(range.inside) + " " +
            std::to_string(range.outside) + " " + std::to_string(range.count);
  return text;
}

}  // namespace

std::string in_words(const id_maps& maps) {
  if (maps.uids == maps.gids) return "of uids and gids" + in_words(maps.uids);
  return "of uids" + in_words(maps.uids) + "; of gids" + in_words(maps.gids);
}

std::optional<std::uint32_t> inside_of(const id_ranges& map, std::uint32_t outside) {
  for (const id_range& range : map)
    if (outside >= range.outside && outside - range.outside < range.count)
      return range.inside + (outside - range.outside);
  return std::nullopt;
}

std::optional<std::uint32_t> outside_of(const id_ranges& map, std::uint32_t inside) {
  for (const id_range& range : map)
    if (inside >= range.inside && inside - range.inside < range.count)
      return range.outside + (inside - range.inside);
  return std::nullopt;
}

id_ranges map_around(std::uint32_t inside, std::uint32_t own, std::span<const id_range> others) {
  constexpr std::uint32_t last = 0xffffffff;  // stands for "as it is" in system calls
  id_ranges map{{inside, own, 1}};
  std::uint32_t next = 0;
  for (id_range range : others) {
    while (range.count > 0) {
      if (next == inside) ++next;
      const std::uint32_t n = std::min(range.count, (next < inside ? inside : last) - next);
      if (n == 0) return map;
      map.push_back({next, range.outside, n});
      next += n;
      range.outside += n;
      range.count -= n;
    }
  }
  return map;
}

}  // namespace emilua::sandbox
