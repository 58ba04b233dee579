// Drives scanner_fuzz.cc without libFuzzer: texts made of what its separators are made of, always
// the same ones.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tests/fuzz/guarded_memory.h"
#include "tests/fuzz/text_mutations.h"

namespace {

constexpr int text_count = 60'000;
constexpr std::size_t longest = 2100;
constexpr std::string_view bytes{"ab,;\r\n x\0\xff", 10};

std::string text_of(small_numbers& random, std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i != size; ++i) text += bytes[random.below(bytes.size())];
  return text;
}

TEST(ScannerFuzz, TextsKeepTheProperties) {
  guarded_memory memory{longest};
  small_numbers random{504};
  for (int i = 0; i != text_count; ++i) {
    std::string input;
    for (int j = 0; j != 5; ++j) input += static_cast<char>(random.below(256));
    // Most are short, so that all borders come to lie everywhere.
    input += text_of(random, random.below(i % 50 == 0 ? 2000 : 60));
    LLVMFuzzerTestOneInput(memory.place(input), input.size());
  }
}

}  // namespace
