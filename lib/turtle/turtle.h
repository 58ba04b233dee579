// A reader of Turtle, the text form of RDF: a document becomes a flat list of triples.
//
//   auto triples = turtle::read("@prefix e: <http://e/> . <http://s> e:p 1, [ e:q 'x'@en ] .");
//   // <http://s> <http://e/p> "1"^^<…#integer>;  <http://s> <http://e/p> _:#1;
//   // _:#1 <http://e/q> "x"@en — but what lies inside [ ] comes before the triple that names it
//   if (!triples) log(to_string(triples.error().error), triples.error().line);
//
// All of W3C Turtle 1.1 (https://www.w3.org/TR/turtle/): @prefix, @base, PREFIX and BASE, relative
// IRIs (RFC 3986, section 5.2; IRIs that have a scheme stay as they are written), prefixed names,
// `a`, `;` and `,` lists, blank nodes with labels and as [ ], all literals, collections (as
// rdf:first and rdf:rest), escapes and comments. Duplicate triples are kept. A byte order mark at
// the start is skipped. Without a base, relative IRIs are left relative.
//
// Input may be hostile: time is linear in the size of the input and of the result, both are limited
// before anything is allocated for them, and so is the depth of the recursion. No input gives more
// than an error; std::bad_alloc is the only exception. Nothing is shared: thread-safe.
#pragma once

#include <boost/system/result.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace emilua::turtle {

enum class term_kind : std::uint8_t {
  iri,
  blank_node,       // text: its label, or # and a number, which no label can be
  string,           // also what is written with ^^xsd:string
  language_string,  // qualifier: the language tag as written, without @
  typed_literal,    // qualifier: the IRI of the datatype; also numbers and booleans
};

struct term {
  term_kind kind = term_kind::iri;
  std::string text;       // UTF-8, escapes resolved; of a literal its lexical form
  std::string qualifier;  // see above, else empty

  bool operator==(const term&) const = default;
};

struct triple {
  term subject;        // IRI or blank node
  term predicate;      // IRI
  term object;         // any
  std::size_t line{};  // where the object begins; the first line is 1
};

enum class syntax_error : std::uint8_t {
  too_large,      // over limits.input_bytes, or limits.output_bytes
  too_deep,       // over limits.depth
  not_utf8,       //
  bad_directive,  // no prefix or IRI where one belongs, or an unknown word after @
  bad_iri,        // a character that must not be in <…>, or no end
  bad_escape,     // a backslash or % and what must not follow it
  bad_name,       // _: and no label, or a word that is no keyword and has no colon
  unknown_prefix,
  bad_string,        // no end, or a line break between single quotes
  bad_language_tag,  //
  expected_subject,
  expected_predicate,
  expected_object,
  expected_end,  // of the statement, the collection or the brackets
};

[[nodiscard]] std::string_view to_string(syntax_error error) noexcept;

struct failure {
  syntax_error error;
  std::size_t line;  // of the offending token; the first line is 1
};

struct limits {
  std::size_t input_bytes = std::size_t{1} << 20;
  // Triples with their strings; prefixes make short names long, so the input does not bound it.
  std::size_t output_bytes = std::size_t{32} << 20;
  std::size_t depth = 64;  // brackets within brackets
};

using read_result = boost::system::result<std::vector<triple>, failure>;

[[nodiscard]] read_result read(std::string_view document, const limits& limits = {});

}  // namespace emilua::turtle
