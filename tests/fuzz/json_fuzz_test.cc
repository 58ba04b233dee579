// Drives json_fuzz.cc without libFuzzer: its seeds, then mutations of them, always the same ones.
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "lib/bindings/json/reader.h"
#include "tests/fuzz/guarded_memory.h"
#include "tests/fuzz/text_mutations.h"

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

// What the grammar is made of.
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

// One within the other.
std::string nested(std::string text, std::size_t at, const std::string& other,
                   small_numbers& /*random*/) {
  return text.insert(at, other);
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
  mutate_texts({.seeds = seeds,
                .pieces = pieces,
                .count = mutation_count,
                .longest = longest,
                .random_seed = 8259,
                .cross = nested},
               accepted);
}

}  // namespace
