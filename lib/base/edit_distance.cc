#include "lib/base/edit_distance.h"

#include <algorithm>
#include <vector>

namespace emilua::base {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({substituted, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

std::string did_you_mean(std::span<const std::string> words, std::string_view word) {
  std::string_view best;
  std::size_t best_distance = 4;
  for (const std::string& candidate : words) {
    if (const std::size_t d = edit_distance(candidate, word); d < best_distance) {
      best = candidate;
      best_distance = d;
    }
  }
  return best.empty() ? "" : "; did you mean " + std::string{best} + "?";
}

}  // namespace emilua::base
