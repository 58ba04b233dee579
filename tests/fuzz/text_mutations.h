// Mutations of texts of a grammar, the same in every run: what drives a fuzz target in CI.
//
//   mutate_texts({.seeds = seeds, .pieces = pieces, .count = 200'000, .longest = 4096,
//                 .random_seed = 8259, .cross = nested},
//                accepted);                      // bool(const std::string&): it is of the grammar
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/fuzz/guarded_memory.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// Not std::uniform_int_distribution, whose results differ between libraries.
class small_numbers {
 public:
  explicit small_numbers(std::uint64_t seed) : random_(seed) {}
  std::size_t below(std::size_t bound) { return random_() % bound; }

 private:
  std::mt19937_64 random_;
};

struct text_mutations {
  const std::vector<std::string>& seeds;
  std::span<const std::string_view> pieces;  // what the grammar is made of
  int count;
  std::size_t longest;
  std::uint64_t random_seed;
  // Makes one text of two; `at` is a position of the first, or its end.
  std::string (*cross)(std::string text, std::size_t at, const std::string& other,
                       small_numbers& random);
};

// A mutation that hits on one of the pieces gets further than others.
inline std::string mutated(const text_mutations& how, std::string text,
                           const std::vector<std::string>& corpus, small_numbers& random) {
  const auto below = [&random](std::size_t bound) { return random.below(bound); };
  const std::size_t at = below(text.size() + 1);
  const std::size_t length = 1 + below(16);
  switch (below(7)) {
    case 0:
      if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
      return text;
    case 1:
      return text.erase(at, length);
    case 2:
      return text.insert(at, text.substr(below(text.size() + 1), length));
    case 3:
      return how.cross(std::move(text), at, corpus[below(corpus.size())], random);
    case 4:
      return text.erase(at, below(3)).insert(at, how.pieces[below(how.pieces.size())]);
    default:
      return text.insert(at, how.pieces[below(how.pieces.size())]);
  }
}

// Gives the fuzz target `count` mutations, and expects that some but not all are accepted.
template <class Accepted>
void mutate_texts(const text_mutations& how, Accepted accepted) {
  guarded_memory memory{how.longest};
  std::vector<std::string> corpus = how.seeds;
  small_numbers random{how.random_seed};
  int count = 0;
  for (int i = 0; i != how.count; ++i) {
    std::string text = corpus[random.below(corpus.size())];
    for (std::size_t steps = 1 + random.below(3); steps != 0; --steps)
      text = mutated(how, std::move(text), corpus, random);
    text.resize(std::min(text.size(), how.longest));
    LLVMFuzzerTestOneInput(memory.place(text), text.size());
    if (!accepted(text)) continue;
    ++count;
    // So that texts grow stranger; few enough that no run of luck takes over.
    if (corpus.size() < 200 && text.size() <= 512) corpus.push_back(std::move(text));
  }
  // Or the reader has seen next to nothing.
  EXPECT_GT(count, how.count / 100);
  EXPECT_LT(count, how.count);
  ::testing::Test::RecordProperty("accepted", count);
}
