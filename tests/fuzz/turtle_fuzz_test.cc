// Drives turtle_fuzz.cc without libFuzzer: its seeds, then mutations of them, always the same ones.
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "lib/turtle/turtle.h"
#include "tests/fuzz/guarded_memory.h"
#include "tests/fuzz/text_mutations.h"

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

// What the grammar is made of.
constexpr std::string_view pieces[] = {
    "@prefix", "@base", "PREFIX", "base",   "a",       ":",       "p:",   "_:",     "_:b",
    "<",       ">",     "<x>",    "<http:", "\\u0041", "\\U",     "\\uD", "\\.",    "%4",
    "%20",     "'",     "\"",     "'''",    "\"\"\"",  "\\",      "\\n",  "@en",    "@en-x",
    "^^",      "^^<t>", ".",      "..",     ";",       ",",       "[",    "]",      "[]",
    "(",       ")",     "()",     "true",   "1",       "-1.5",    "1e",   "e5",     ".5",
    "#",       "\n",    "\r",     "\t",     " ",       {"\0", 1}, "é",    "\xc3",   "\xa9",
    "\xf0",    "..",    "../",    "?q",     "//",      ":code",   "1, ",  ":alias",
};

// The beginning of this one, the end of another.
std::string spliced(std::string text, std::size_t at, const std::string& other,
                    small_numbers& random) {
  return text.replace(at, std::string::npos, other, random.below(other.size() + 1));
}

TEST(TurtleFuzz, SeedsKeepTheProperties) {
  guarded_memory memory{longest};
  for (const std::string& seed : seeds) {
    EXPECT_TRUE(emilua::turtle::read(seed)) << seed;
    LLVMFuzzerTestOneInput(memory.place(seed), seed.size());
  }
}

TEST(TurtleFuzz, MutationsKeepTheProperties) {
  mutate_texts({.seeds = seeds,
                .pieces = pieces,
                .count = mutation_count,
                .longest = longest,
                .random_seed = 20'220'101,
                .cross = spliced},
               [](const std::string& text) {
                 const auto triples = emilua::turtle::read(text);
                 return triples && !triples->empty();
               });
}

}  // namespace
