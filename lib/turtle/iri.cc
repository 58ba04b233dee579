#include "lib/turtle/iri.h"

#include <algorithm>
#include <optional>

namespace emilua::turtle {
namespace {

// RFC 3986, section 3. Separators are not part of the views; a part that is absent is no part.
struct iri_parts {
  std::optional<std::string_view> scheme, authority, query, fragment;
  std::string_view path;
};

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_scheme(std::string_view text) {
  return !text.empty() && is_alpha(text[0]) && std::ranges::all_of(text, [](char c) {
    return is_alpha(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  });
}

// Cuts `text` at the first `separator`; what follows it, if it is there.
std::optional<std::string_view> cut(std::string_view& text, char separator) {
  const auto at = text.find(separator);
  if (at == text.npos) return std::nullopt;
  const std::string_view rest = text.substr(at + 1);
  text = text.substr(0, at);
  return rest;
}

iri_parts parse(std::string_view text) {
  iri_parts parts;
  parts.fragment = cut(text, '#');
  parts.query = cut(text, '?');
  if (const auto colon = text.find(':'); colon != text.npos && is_scheme(text.substr(0, colon))) {
    parts.scheme = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const auto end = std::min(text.find('/'), text.size());
    parts.authority = text.substr(0, end);
    text.remove_prefix(end);
  }
  parts.path = text;
  return parts;
}

// Section 5.2.4.
std::string without_dot_segments(std::string_view in) {
  std::string out;
  const auto remove_last = [&out] {
    const auto slash = out.rfind('/');
    out.resize(slash == out.npos ? 0 : slash);
  };
  while (!in.empty()) {
    if (in.starts_with("../")) {
      in.remove_prefix(3);
    } else if (in.starts_with("./") || in.starts_with("/./")) {
      in.remove_prefix(2);
    } else if (in == "/.") {
      in = "/";
    } else if (in.starts_with("/../")) {
      in.remove_prefix(3);
      remove_last();
    } else if (in == "/..") {
      in = "/";
      remove_last();
    } else if (in == "." || in == "..") {
      in = {};
    } else {
      const auto end = std::min(in.find('/', 1), in.size());
      out += in.substr(0, end);
      in.remove_prefix(end);
    }
  }
  return out;
}

// Section 5.2.3.
std::string merge(const iri_parts& base, std::string_view path) {
  std::string merged;
  if (base.authority && base.path.empty())
    merged = '/';
  else
    merged = base.path.substr(0, base.path.rfind('/') + 1);
  return merged.append(path);
}

}  // namespace

std::string resolve(std::string_view base_text, std::string_view reference_text) {
  const iri_parts reference = parse(reference_text);
  const iri_parts base = parse(base_text);
  if (reference.scheme || !base.scheme) return std::string{reference_text};

  // Section 5.2.2.
  auto authority = base.authority;
  auto query = reference.query;
  std::string path;
  if (reference.authority) {
    authority = reference.authority;
    path = without_dot_segments(reference.path);
  } else if (reference.path.empty()) {
    path = base.path;
    if (!query) query = base.query;
  } else if (reference.path.starts_with('/')) {
    path = without_dot_segments(reference.path);
  } else {
    path = without_dot_segments(merge(base, reference.path));
  }

  std::string result;
  result.append(*base.scheme) += ':';
  if (authority) result.append("//").append(*authority);
  result += path;
  if (query) result.append("?").append(*query);
  if (reference.fragment) result.append("#").append(*reference.fragment);
  return result;
}

}  // namespace emilua::turtle
