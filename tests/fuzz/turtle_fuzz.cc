// Fuzzing the Turtle reader, and what is built on it: error categories.
//
// Input: a document. Checked: nothing outside it is read (the sanitizers' part, or
// turtle_fuzz_test's guard page); errors have names and a line of the document; triples are made of
// the kinds of terms that RDF allows, of well-formed UTF-8; written as N-Triples, which is Turtle,
// they come out of the reader again; and a document that cannot be read, or says nothing, is
// bad_rdf, and no other one is.
//
// In ordinary CI turtle_fuzz_test drives this. By hand, with libFuzzer, from the workspace:
//
//   clang++ -std=c++20 -g -O1 -I. -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
//     -o /tmp/turtle_fuzz tests/fuzz/turtle_fuzz.cc
//     lib/turtle/{characters,error_category,iri,lexer, turtle}.cc lib/base/{errno_name,utf8}.cc
//     lib/lua/core_error.cc -labsl_hash -labsl_city -labsl_low_level_hash -labsl_raw_hash_set (all
//     in one line)
//   mkdir -p /tmp/turtle_corpus
//   /tmp/turtle_fuzz -max_total_time=180 /tmp/turtle_corpus tests/api/ttl
//
// Debian: clang-14, libclang-rt-14-dev and libabsl-dev.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lib/turtle/error_category.h"
#include "lib/turtle/turtle.h"

namespace {

using emilua::lua::core_errc;
using emilua::turtle::term;
using emilua::turtle::term_kind;
using emilua::turtle::triple;

void require(bool holds, const char* property) {
  if (holds) return;
  (void)std::fprintf(stderr, "turtle_fuzz: violated: %s\n", property);
  std::abort();
}

// Gives blank nodes the labels b1, b2 … in order of appearance.
class writer {
 public:
  std::string statement(const triple& t) {
    return text(t.subject) + ' ' + text(t.predicate) + ' ' + text(t.object) + " .\n";
  }

 private:
  std::string text(const term& t) {
    switch (t.kind) {
      case term_kind::iri:
        return iri(t.text);
      case term_kind::blank_node:
        return "_:b" + std::to_string(labels_.emplace(t.text, labels_.size()).first->second);
      case term_kind::string:
        return quoted(t.text);
      case term_kind::language_string:
        return quoted(t.text) + '@' + t.qualifier;
      case term_kind::typed_literal:
        return quoted(t.text) + "^^" + iri(t.qualifier);
    }
    require(false, "term kinds are known");
    return {};
  }

  static std::string iri(const std::string& text) { return '<' + text + '>'; }

  static std::string quoted(const std::string& text) {
    std::string result{'"'};
    for (const char c : text) {
      switch (c) {
        case '"':
        case '\\':
          result += '\\';
          result += c;
          break;
        case '\n':
          result += "\\n";
          break;
        case '\r':
          result += "\\r";
          break;
        default:
          result += c;
      }
    }
    return result + '"';
  }

  std::map<std::string, std::size_t> labels_;
};

std::string written(const std::vector<triple>& triples) {
  writer out;
  std::string text;
  for (const triple& t : triples) text += out.statement(t);
  return text;
}

void check_terms(const triple& t) {
  require(t.subject.kind == term_kind::iri || t.subject.kind == term_kind::blank_node,
          "subjects are nodes");
  require(t.predicate.kind == term_kind::iri, "predicates are IRIs");
  const bool qualified =
      t.object.kind == term_kind::language_string || t.object.kind == term_kind::typed_literal;
  require(qualified || t.object.qualifier.empty(), "other terms have no qualifier");
}

void check_category(std::string_view document, bool is_rdf) {
  const auto errors = emilua::turtle::describe_category(document);
  if (!errors) {
    require((errors.error().code == core_errc::bad_rdf) != is_rdf,
            "bad_rdf is what cannot be read");
    require(!errors.error().reason.empty(), "failures have a reason");
    return;
  }
  require(is_rdf, "a category is described in triples");
  const emilua::turtle::user_error_category category{"/x", *errors, "pt_BR.UTF-8"};
  for (const auto& error : *errors) {
    (void)category.message(error.code);
    (void)category.default_error_condition(error.code);
    for (const std::string& alias : error.aliases)
      require(category.code_of(alias) == error.code, "aliases name their code");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view document{reinterpret_cast<const char*>(data), size};
  const auto lines = static_cast<std::size_t>(std::ranges::count(document, '\n')) + 1;
  const auto triples = emilua::turtle::read(document);
  check_category(document, triples && !triples->empty());
  if (!triples) {
    const auto& [error, line] = triples.error();
    require(emilua::turtle::to_string(error) != "unknown", "errors have names");
    require(line >= 1 && line <= lines, "errors are on a line of the document");
    return 0;
  }
  for (const triple& t : *triples) {
    check_terms(t);
    require(t.line >= 1 && t.line <= lines, "objects are on a line of the document");
  }

  const std::string text = written(*triples);
  const auto again = emilua::turtle::read(
      text, {.input_bytes = std::size_t{1} << 30, .output_bytes = std::size_t{1} << 30});
  require(again.has_value(), "what is written can be read");
  require(again->size() == triples->size(), "as many triples come back");
  require(written(*again) == text, "the same triples come back");
  return 0;
}
