// Drives turtle_fuzz.cc without libFuzzer: its seeds, then mutations of them, always the same ones.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "lib/turtle/turtle.h"
#include "tests/fuzz/guarded_memory.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr int mutation_count = 60'000;
constexpr std::size_t longest = 4096;

const std::vector<std::string> seeds = {
    "",
    "<s> a <o> .",
    "@prefix p: <http://x/> . @base <http://b/c/d> .\nPREFIX : <y#> BASE <../e> p:a p:b%20 1 .",
    "<s> <p> 1, -2.5, +.5e-7, true, false, 'a', \"b\"@en-GB, '''c\n'd''', \"\"\"e\"f\"\"\"^^<t> .",
    R"(<\u0041> <\U0001F600> "\t\b\n\r\f\"\'\\\u00e9", 'é中𐍈' .)",
    "_:a <p> [ <q> [] ; <r> ( 1 ( 2 ) [] ) ; ] ; ; . [ <p> 'x' ] .",
    R"(@prefix é.b: <x:> . é.b:a.b\~%41 é.b:c:d é.b:1 . # comment)",
    R"(@prefix : <https://schema.emilua.org/error_category/0/#> .
<about:emilua-module> a <https://schema.emilua.org/error_category/0/> ;
  :error [ :code 1 ; :alias "a", "b" ; :message "x", "y"@pt-BR ; :generic_error "EIO" ], _:e .
_:e :code -2 ; :message 'z' .)",
};

// What the grammar is made of; a mutation that hits on one of these gets further.
constexpr std::string_view pieces[] = {
    "@prefix", "@base", "PREFIX", "base",   "a",       ":",       "p:",   "_:",     "_:b",
    "<",       ">",     "<x>",    "<http:", "\\u0041", "\\U",     "\\uD", "\\.",    "%4",
    "%20",     "'",     "\"",     "'''",    "\"\"\"",  "\\",      "\\n",  "@en",    "@en-x",
    "^^",      "^^<t>", ".",      "..",     ";",       ",",       "[",    "]",      "[]",
    "(",       ")",     "()",     "true",   "1",       "-1.5",    "1e",   "e5",     ".5",
    "#",       "\n",    "\r",     "\t",     " ",       {"\0", 1}, "é",    "\xc3",   "\xa9",
    "\xf0",    "..",    "../",    "?q",     "//",      ":code",   "1, ",  ":alias",
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
    case 3: {  // the beginning of this one, the end of another
      const std::string& other = corpus[below(corpus.size())];
      return text.substr(0, at) + other.substr(below(other.size() + 1));
    }
    case 4:
      return text.erase(at, below(3)).insert(at, pieces[below(std::size(pieces))]);
    default:
      return text.insert(at, pieces[below(std::size(pieces))]);
  }
}

TEST(TurtleFuzz, SeedsKeepTheProperties) {
  guarded_memory memory{longest};
  for (const std::string& seed : seeds) {
    EXPECT_TRUE(emilua::turtle::read(seed)) << seed;
    LLVMFuzzerTestOneInput(memory.place(seed), seed.size());
  }
}

TEST(TurtleFuzz, MutationsKeepTheProperties) {
  guarded_memory memory{longest};
  std::vector<std::string> corpus = seeds;
  std::mt19937_64 random{20'220'101};
  int accepted = 0;
  for (int i = 0; i != mutation_count; ++i) {
    std::string text = corpus[random() % corpus.size()];
    for (std::size_t steps = 1 + random() % 3; steps != 0; --steps)
      text = mutated(std::move(text), corpus, random);
    text.resize(std::min(text.size(), longest));
    LLVMFuzzerTestOneInput(memory.place(text), text.size());
    const auto triples = emilua::turtle::read(text);
    if (!triples || triples->empty()) continue;
    ++accepted;
    // So that documents grow stranger; few enough that no run of luck takes over.
    if (corpus.size() < 200 && text.size() <= 512) corpus.push_back(std::move(text));
  }
  // Or the reader has seen next to nothing.
  EXPECT_GT(accepted, mutation_count / 100);
  EXPECT_LT(accepted, mutation_count);
  RecordProperty("accepted", accepted);
}

}  // namespace
