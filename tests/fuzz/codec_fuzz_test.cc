// Drives codec_fuzz.cc without libFuzzer: its seeds, then mutations of them, always the same ones.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "lib/ipc/codec.h"
#include "tests/fuzz/guarded_memory.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using emilua::ipc::message_error;
using emilua::ipc::message_writer;

constexpr int mutation_count = 200'000;
constexpr std::size_t longest = 4096;

std::string input(const message_writer& writer, std::uint8_t depth_limit = 100) {
  std::string bytes;
  bytes += static_cast<char>(writer.descriptors().size());
  bytes += static_cast<char>(depth_limit);
  return bytes + std::string{emilua::base::text_of(writer.bytes())};
}

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  const auto scalar = [&](auto&& write) {
    message_writer writer;
    write(writer);
    all.push_back(input(writer));
  };
  scalar([](message_writer& w) { w.boolean(false); });
  scalar([](message_writer& w) { w.boolean(true); });
  scalar([](message_writer& w) { w.number(-0.0); });
  scalar([](message_writer& w) { w.string(""); });
  scalar([](message_writer& w) { w.string("hello"); });
  scalar([](message_writer& w) { w.descriptor(3); });
  scalar([](message_writer& w) { w.address(3); });
  scalar([](message_writer& w) { w.begin_table(0, 0); });

  message_writer nested;
  for (int i = 0; i != 8; ++i) {
    nested.begin_table(1, i % 2 ? 1 : 0);
  }
  nested.begin_table(0, 0);
  for (int i = 0; i != 4; ++i) {
    nested.string("k");
    nested.boolean(i % 2);
  }
  all.push_back(input(nested, 9));

  message_writer mixed;
  mixed.begin_table(4, 4);
  mixed.number(1.5);
  mixed.string("list");
  mixed.descriptor(3);
  mixed.begin_table(2, 0);
  mixed.boolean(true);
  mixed.boolean(false);
  mixed.string("a");
  mixed.address(4);
  mixed.string("b");
  mixed.begin_table(0, 1);
  mixed.string("");
  mixed.string("value");
  mixed.string("a");  // a duplicate
  mixed.descriptor(5);
  mixed.string("d");
  mixed.number(0);
  all.push_back(input(mixed));

  message_writer wide;
  wide.begin_table(300, 0);
  for (int i = 0; i != 300; ++i) wide.boolean(i % 3 == 0);
  all.push_back(input(wide));
  return all;
}

bool is_accepted(const std::string& input) {
  if (input.size() < 2) return false;
  return emilua::ipc::check(emilua::base::bytes_of(input).subspan(2),
                            static_cast<std::uint8_t>(input[0]),
                            {.depth = static_cast<std::uint8_t>(input[1])}) == message_error::none;
}

class mutator {
 public:
  explicit mutator(const std::vector<std::string>& corpus) : corpus_(corpus) {}

  std::string next() {
    std::string bytes = corpus_[below(corpus_.size())];
    for (std::size_t steps = 1 + below(3); steps != 0; --steps) mutate(bytes);
    bytes.resize(std::min(bytes.size(), longest));
    return bytes;
  }

 private:
  template <class Range>
  const auto& any(const Range& range) {
    return range[below(range.size())];
  }

  // Not std::uniform_int_distribution, whose results differ between libraries.
  std::size_t below(std::size_t bound) { return random_() % bound; }

  void mutate(std::string& bytes) {
    static constexpr std::array<unsigned char, 12> telling = {0x00, 0x01, 0x02, 0x03, 0x10, 0x11,
                                                              0x20, 0x21, 0x7f, 0x80, 0xfe, 0xff};
    static constexpr std::array<std::uint32_t, 10> counts = {
        0, 1, 2, 3, 5, 300, 0x7fff'ffff, 0x8000'0000, 0xffff'fffe, 0xffff'ffff};
    if (bytes.empty()) bytes = any(corpus_);
    const std::size_t at = below(bytes.size());
    const std::size_t length = 1 + below(std::min<std::size_t>(bytes.size() - at, 16));
    switch (below(9)) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
        return;
      case 1:
        bytes[at] = static_cast<char>(any(telling));
        return;
      case 2:
        bytes.insert(at, 1, static_cast<char>(any(telling)));
        return;
      case 3:
        bytes.erase(at, length);
        return;
      case 4:
        bytes.insert(at, bytes.substr(at, length));
        return;
      case 5: {
        const std::uint32_t count = any(counts);
        for (std::size_t i = 0; i != 4 && at + i != bytes.size(); ++i)
          bytes[at + i] = static_cast<char>(count >> (8 * i));
        return;
      }
      case 6: {  // the beginning of this one, the end of another
        const std::string& other = any(corpus_);
        bytes = bytes.substr(0, at) + other.substr(below(other.size()));
        return;
      }
      case 7:
        bytes.resize(at);
        return;
      default: {  // one more or less, now and then of the descriptors or the depth limit
        char& byte = bytes[below(4) ? at : at % 2];
        byte = static_cast<char>(byte + (below(2) ? 1 : -1));
      }
    }
  }

  const std::vector<std::string>& corpus_;
  std::mt19937_64 random_{20'220'101};
};

TEST(CodecFuzz, SeedsPass) {
  guarded_memory memory{longest};
  for (const std::string& seed : seeds()) {
    EXPECT_TRUE(is_accepted(seed));
    LLVMFuzzerTestOneInput(memory.place(seed), seed.size());
  }
}

TEST(CodecFuzz, MutationsKeepTheProperties) {
  guarded_memory memory{longest};
  std::vector<std::string> corpus = seeds();
  mutator mutate{corpus};
  int accepted = 0;
  for (int i = 0; i != mutation_count; ++i) {
    std::string bytes = mutate.next();
    LLVMFuzzerTestOneInput(memory.place(bytes), bytes.size());
    if (!is_accepted(bytes)) continue;
    ++accepted;
    // So that messages grow stranger; few enough that no run of luck takes over.
    if (corpus.size() < 100 && bytes.size() <= 512) corpus.push_back(std::move(bytes));
  }
  // Or the reader has seen next to nothing.
  EXPECT_GT(accepted, mutation_count / 100);
  EXPECT_LT(accepted, mutation_count);
  RecordProperty("accepted", accepted);
}

}  // namespace
