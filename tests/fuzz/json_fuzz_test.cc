// Drives json_fuzz.cc without libFuzzer: its seeds, then mutations of them, always the same ones.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "lib/bindings/json/reader.h"
#include "tests/fuzz/guarded_memory.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr int mutation_count = 200'000;
constexpr std::size_t longest = 4096;

const std::vector<std::string> seeds = {
    "0",
    " -12.5e-7 ",
    "[9223372036854775807,-9223372036854775808,1e400,5e-324,0.1,1E+22]",
    R"(["a\"\\\/\b\f\n\r\t\u0000\u00e9\ud83d\ude00", "é漢", ""])",
    R"({"a":{"b":[{},[],null,true,false]},"":{"c":1},"a":2})",
    "[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]",
    R"("a rather long string without anything in it that needs to be escaped at all")",
};

// What the grammar is made of; a mutation that hits on one of these gets further.
constexpr std::string_view pieces[] = {
    "{",       "}",       "[",    "]",     ",",
    ":",       "\"",      "\\",   "\\u",   "\\ud83d",
    "\\ude00", "\\u0041", "\\n",  "0",     "1",
    "-",       ".",       "e",    "E+",    "99999999999999999999",
    "true",    "false",   "null", " ",     "\n",
    "\t",      "\x1f",    "é",    "漢",    "\xff",
    "\xc3",    "\x80",    "[]",   "{}",    "[[",
    "]]",      "\"a\":",  "\"\"", "1e400", {"\0", 1},
};

std::string mutated(std::string text, const std::vector<std::string>& corpus,
                    std::mt19937_64& random) {
  // Not std::uniform_int_distribution, whose results differ between libraries.
  const auto below = [&random](std::size_t bound) { return random() % bound; };
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
    case 3:  // one within the other
      return text.insert(at, corpus[below(corpus.size())]);
    case 4:
      return text.erase(at, below(3)).insert(at, pieces[below(std::size(pieces))]);
    default:
      return text.insert(at, pieces[below(std::size(pieces))]);
  }
}

struct nobody {
  static bool null() { return true; }
  static bool boolean(bool) { return true; }
  static bool number(double) { return true; }
  static bool string(std::string_view) { return true; }
  static bool begin_array() { return true; }
  static bool begin_object() { return true; }
  static void key(std::string_view) {}
  static void end_array() {}
  static void end_object() {}
};

bool accepted(const std::string& text) {
  nobody handler;
  return !emilua::bindings::json::read(text, handler);
}

TEST(JsonFuzz, SeedsKeepTheProperties) {
  guarded_memory memory{longest};
  for (const std::string& seed : seeds) {
    EXPECT_TRUE(accepted(seed)) << seed;
    LLVMFuzzerTestOneInput(memory.place(seed), seed.size());
  }
}

TEST(JsonFuzz, MutationsKeepTheProperties) {
  guarded_memory memory{longest};
  std::vector<std::string> corpus = seeds;
  std::mt19937_64 random{8259};
  int count = 0;
  for (int i = 0; i != mutation_count; ++i) {
    std::string text = corpus[random() % corpus.size()];
    for (std::size_t steps = 1 + random() % 3; steps != 0; --steps)
      text = mutated(std::move(text), corpus, random);
    text.resize(std::min(text.size(), longest));
    LLVMFuzzerTestOneInput(memory.place(text), text.size());
    if (!accepted(text)) continue;
    ++count;
    // So that texts grow stranger; few enough that no run of luck takes over.
    if (corpus.size() < 200 && text.size() <= 512) corpus.push_back(std::move(text));
  }
  // Or the reader has seen next to nothing.
  EXPECT_GT(count, mutation_count / 100);
  EXPECT_LT(count, mutation_count);
  RecordProperty("accepted", count);
}

}  // namespace
