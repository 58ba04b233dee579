#include "lib/turtle/turtle.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <utility>

#include "lib/turtle/characters.h"
#include "lib/turtle/iri.h"
#include "lib/turtle/lexer.h"

namespace emilua::turtle {
namespace {

constexpr std::string_view rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
constexpr std::string_view xsd = "http://www.w3.org/2001/XMLSchema#";

std::string in(std::string_view space, std::string_view name) {
  return std::string{space}.append(name);
}

term make_iri(std::string text) { return {term_kind::iri, std::move(text), {}}; }

bool equals_ignoring_case(std::string_view text, std::string_view upper_case) {
  return std::ranges::equal(text, upper_case, [](char a, char b) {
    return (a >= 'a' && a <= 'z' ? static_cast<char>(a - 'a' + 'A') : a) == b;
  });
}

std::size_t size_of(const term& t) { return t.text.size() + t.qualifier.size(); }

// Recursive descent over the tokens, with their convention.
class reader : lexer {
 public:
  using lexer::lexer;

  read_result read() {
    for (skip_space(); !at_end(); skip_space())
      if (!statement()) return why();
    return std::move(triples_);
  }

 private:
  // --- statements

  bool statement() {
    if (take('@')) return at_directive();
    if (const std::string_view keyword = word(); equals_ignoring_case(keyword, "PREFIX"))
      return take(keyword) && prefix_directive();
    else if (equals_ignoring_case(keyword, "BASE"))
      return take(keyword) && base_directive();
    return triples() && end_of_statement();
  }

  bool at_directive() {
    const std::string_view keyword = prefix();
    if (keyword == "prefix") return take(keyword) && prefix_directive() && end_of_statement();
    if (keyword == "base") return take(keyword) && base_directive() && end_of_statement();
    return fail(syntax_error::bad_directive);
  }

  bool prefix_directive() {
    skip_space();
    const std::string_view name = prefix();
    if (peek(name.size()) != ':') return fail(syntax_error::bad_directive);
    std::string space;
    if (!take(name) || !take(':') || !directive_iri(space)) return false;
    prefixes_[name] = std::move(space);
    return true;
  }

  bool base_directive() {
    std::string base;
    if (!directive_iri(base)) return false;
    base_ = std::move(base);
    return true;
  }

  bool directive_iri(std::string& out) {
    skip_space();
    return peek() == '<' ? iri_reference(out) : fail(syntax_error::bad_directive);
  }

  bool end_of_statement() {
    skip_space();
    return take('.') || fail(syntax_error::expected_end);
  }

  bool triples() {
    term subject;
    const bool properties = peek() == '[' && !is_empty_brackets();
    if (!resource(subject, 0, syntax_error::expected_subject)) return false;
    skip_space();
    // What is in the brackets may be all there is.
    return (properties && peek() == '.') || predicates_and_objects(subject, 0);
  }

  // --- lists; `depth` is the number of open brackets

  bool predicates_and_objects(const term& subject, std::size_t depth) {
    for (;;) {
      term predicate;
      if (!verb(predicate) || !objects(subject, predicate, depth)) return false;
      if (!take(';')) return true;
      do skip_space();
      while (take(';'));
      if (peek() == '.' || peek() == ']') return true;
    }
  }

  bool objects(const term& subject, const term& predicate, std::size_t depth) {
    do {
      skip_space();
      const std::size_t start_line = line();
      term value;
      if (!object(value, depth) || !add(subject, predicate, std::move(value), start_line))
        return false;
      skip_space();
    } while (take(','));
    return true;
  }

  bool blank_node_properties(term& out, std::size_t depth) {
    out = new_blank_node();
    skip_space();
    if (take(']')) return true;
    return predicates_and_objects(out, depth) && (take(']') || fail(syntax_error::expected_end));
  }

  bool collection(term& out, std::size_t depth) {
    const term first = make_iri(in(rdf, "first"));
    const term rest = make_iri(in(rdf, "rest"));
    const term nil = make_iri(in(rdf, "nil"));
    out = nil;
    term last;
    for (skip_space(); !take(')'); skip_space()) {
      if (at_end()) return fail(syntax_error::expected_end);
      const std::size_t start_line = line();
      term value;
      if (!object(value, depth)) return false;
      term node = new_blank_node();
      if (out == nil)
        out = node;
      else if (!add(last, rest, node, start_line))
        return false;
      if (!add(node, first, std::move(value), start_line)) return false;
      last = std::move(node);
    }
    return out == nil || add(last, rest, nil, line());
  }

  bool add(const term& subject, const term& predicate, term object, std::size_t start_line) {
    if (!charge(sizeof(triple) + size_of(subject) + size_of(predicate) + size_of(object)))
      return false;
    triples_.push_back({subject, predicate, std::move(object), start_line});
    return true;
  }

  // --- terms

  bool verb(term& out) {
    skip_space();
    if (peek() == '<') return iri(out);
    if (word() == "a") {
      out = make_iri(in(rdf, "type"));
      return take('a');
    }
    return prefixed_name(out, syntax_error::expected_predicate);
  }

  bool object(term& out, std::size_t depth) {
    if (peek() == '"' || peek() == '\'') return text_literal(out);
    if (is_number()) {
      std::string_view digits, type;
      if (!number(digits, type)) return false;
      out = {term_kind::typed_literal, std::string{digits}, in(xsd, type)};
      return true;
    }
    if (const std::string_view keyword = word(); keyword == "true" || keyword == "false") {
      out = {term_kind::typed_literal, std::string{keyword}, in(xsd, "boolean")};
      return take(keyword);
    }
    return resource(out, depth, syntax_error::expected_object);
  }

  // What is no literal. `otherwise` is the failure if it is nothing at all.
  bool resource(term& out, std::size_t depth, syntax_error otherwise) {
    switch (peek()) {
      case '<':
        return iri(out);
      case '_':
        out = {term_kind::blank_node, {}, {}};
        return blank_node_label(out.text);
      case '[':
      case '(':
        if (depth == bounds().depth) return fail(syntax_error::too_deep);
        return take('[') ? blank_node_properties(out, depth + 1)
                         : take('(') && collection(out, depth + 1);
      default:
        return prefixed_name(out, otherwise);
    }
  }

  bool text_literal(term& out) {
    out = {term_kind::string, {}, {}};
    if (!quoted(out.text)) return false;
    skip_space();
    if (take('@')) {
      out.kind = term_kind::language_string;
      return language_tag(out.qualifier);
    }
    if (!take("^^")) return true;
    skip_space();
    term type;
    if (!(peek() == '<' ? iri(type) : prefixed_name(type, syntax_error::bad_name))) return false;
    if (type.text == in(xsd, "string")) return true;
    out.kind = term_kind::typed_literal;
    out.qualifier = std::move(type.text);
    return true;
  }

  bool iri(term& out) {
    out = {};
    return iri_reference(out.text);
  }

  bool iri_reference(std::string& out) {
    std::string reference;
    if (!iri_text(reference) || !charge(base_.size() + reference.size())) return false;
    out = resolve(base_, reference);
    return true;
  }

  bool prefixed_name(term& out, syntax_error otherwise) {
    const std::string_view name = prefix();
    if (peek(name.size()) != ':') return fail(name.empty() ? otherwise : syntax_error::bad_name);
    const auto space = prefixes_.find(name);
    if (space == prefixes_.end()) return fail(syntax_error::unknown_prefix);
    if (!charge(space->second.size())) return false;
    out = make_iri(space->second);
    return take(name) && take(':') && local_name(out.text);
  }

  term new_blank_node() {
    return {term_kind::blank_node, "#" + std::to_string(++blank_nodes_), {}};
  }

  std::string base_;
  absl::flat_hash_map<std::string_view, std::string> prefixes_;
  std::size_t blank_nodes_ = 0;
  std::vector<triple> triples_;
};

}  // namespace

read_result read(std::string_view document, const limits& bounds) {
  if (document.size() > bounds.input_bytes) return failure{syntax_error::too_large, 1};
  const std::string_view good = document.substr(0, utf8_prefix(document));
  if (good.size() != document.size()) {
    const auto breaks = static_cast<std::size_t>(std::ranges::count(good, '\n'));
    return failure{syntax_error::not_utf8, breaks + 1};
  }
  return reader{document, bounds}.read();
}

std::string_view to_string(syntax_error error) noexcept {
  switch (error) {
    case syntax_error::too_large:
      return "too large";
    case syntax_error::too_deep:
      return "brackets are nested too deep";
    case syntax_error::not_utf8:
      return "not UTF-8";
    case syntax_error::bad_directive:
      return "malformed directive";
    case syntax_error::bad_iri:
      return "malformed IRI";
    case syntax_error::bad_escape:
      return "unknown escape";
    case syntax_error::bad_name:
      return "malformed name";
    case syntax_error::unknown_prefix:
      return "prefix was not declared";
    case syntax_error::bad_string:
      return "string has no end";
    case syntax_error::bad_language_tag:
      return "malformed language tag";
    case syntax_error::expected_subject:
      return "subject expected";
    case syntax_error::expected_predicate:
      return "predicate expected";
    case syntax_error::expected_object:
      return "object expected";
    case syntax_error::expected_end:
      return "end of statement or list expected";
  }
  return "unknown";
}

}  // namespace emilua::turtle
