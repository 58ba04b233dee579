#include "lib/turtle/error_category.h"

#include <absl/container/flat_hash_set.h>

#include <charconv>
#include <span>
#include <utility>

#include "lib/base/errno_name.h"
#include "lib/turtle/turtle.h"

namespace emilua::turtle {
namespace {

using lua::core_errc;

constexpr std::string_view module_iri = "about:emilua-module";
constexpr std::string_view type_iri = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";
constexpr std::string_view integer_iri = "http://www.w3.org/2001/XMLSchema#integer";
constexpr std::string_view category_iri = "https://schema.emilua.org/error_category/0/";
constexpr std::string_view vocabulary = "https://schema.emilua.org/error_category/0/#";

// As locales know them: in lower case, with the first hyphen as an underscore.
std::string normalised(std::string_view locale_or_tag) {
  std::string result{locale_or_tag};
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (const auto hyphen = result.find('-'); hyphen != result.npos) result[hyphen] = '_';
  return result;
}

bool is_module(const term& t) { return t.kind == term_kind::iri && t.text == module_iri; }

std::optional<int> to_int(const term& t) {
  if (t.kind != term_kind::typed_literal || t.qualifier != integer_iri) return std::nullopt;
  std::string_view digits = t.text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  int value = 0;
  const auto* end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc{} || rest != end || t.text.starts_with("+-")) return std::nullopt;
  return value;
}

// Statement by statement; each step says what is wrong, or nothing.
class builder {
 public:
  explicit builder(std::span<const triple> triples) : triples_(triples) {}

  category_description build() {
    if (auto wrong = check_type()) return *wrong;
    if (auto wrong = find_errors()) return *wrong;
    for (const triple& t : triples_)
      if (auto wrong = statement(t)) return *wrong;
    std::vector<described_error> errors;
    for (error_node& node : errors_) {
      if (!node.has_code) return invalid(node.line, "an error has no code");
      if (!node.has_message)
        return invalid(node.line, "an error has no message without a language");
      errors.push_back(std::move(node.value));
    }
    return errors;
  }

 private:
  using verdict = std::optional<category_failure>;

  struct error_node {
    std::size_t line;
    bool has_code = false;
    bool has_message = false;
    described_error value{};
  };

  static category_failure invalid(std::size_t line, std::string_view reason) {
    return {core_errc::bad_rdf_error_category, line, reason};
  }

  // What tells nodes apart: the label of a blank node may look like an IRI.
  static std::pair<bool, std::string_view> key(const term& t) {
    return {t.kind == term_kind::iri, t.text};
  }

  verdict check_type() const {
    const triple* type = nullptr;
    for (const triple& t : triples_) {
      if (!is_module(t.subject) || t.predicate.text != type_iri) continue;
      if (type != nullptr)
        return category_failure{core_errc::bad_rdf_module, t.line, "the module has several types"};
      type = &t;
    }
    if (type == nullptr)
      return category_failure{core_errc::bad_rdf_module, 0, "the module has no type"};
    if (type->object.kind != term_kind::iri)
      return category_failure{core_errc::bad_rdf_module, type->line, "the type is no IRI"};
    if (type->object.text != category_iri)
      return invalid(type->line, "the type is not that of an error category");
    return std::nullopt;
  }

  // The nodes may be described before or after the module names them.
  verdict find_errors() {
    for (const triple& t : triples_) {
      if (!is_module(t.subject) || property(t) != "error") continue;
      if (t.object.kind != term_kind::iri && t.object.kind != term_kind::blank_node)
        return invalid(t.line, "an error is no node");
      if (is_module(t.object)) return invalid(t.line, "the module is no error");
      if (!nodes_.emplace(key(t.object), errors_.size()).second)
        return invalid(t.line, "an error is named twice");
      errors_.push_back({.line = t.line});
    }
    return std::nullopt;
  }

  verdict statement(const triple& t) {
    const std::string_view name = property(t);
    if (is_module(t.subject)) {
      if (name.empty() || name == "error") return std::nullopt;
      return invalid(t.line, "a module has no such property");
    }
    const auto node = nodes_.find(key(t.subject));
    if (node == nodes_.end()) return invalid(t.line, "neither the module nor one of its errors");
    if (name.empty()) return std::nullopt;
    error_node& error = errors_[node->second];
    if (name == "code") return add_code(error, t);
    if (name == "alias") return add_alias(error, t);
    if (name == "message") return add_message(error, t);
    if (name == "generic_error") return add_generic(error, t);
    return invalid(t.line, "an error has no such property");
  }

  // The name of a property of the vocabulary; empty for others.
  static std::string_view property(const triple& t) {
    const std::string_view iri = t.predicate.text;
    // `…/#` alone must not pass for a foreign one.
    if (!iri.starts_with(vocabulary)) return {};
    return iri.size() == vocabulary.size() ? "#" : iri.substr(vocabulary.size());
  }

  static verdict add_code(error_node& error, const triple& t) {
    const auto code = to_int(t.object);
    if (!code) return invalid(t.line, "a code is no integer of 32 bits");
    if (std::exchange(error.has_code, true)) return invalid(t.line, "an error has several codes");
    error.value.code = *code;
    return std::nullopt;
  }

  verdict add_alias(error_node& error, const triple& t) {
    if (t.object.kind != term_kind::string) return invalid(t.line, "an alias is no plain string");
    if (!aliases_.insert(t.object.text).second) return invalid(t.line, "an alias is used twice");
    error.value.aliases.push_back(t.object.text);
    return std::nullopt;
  }

  static verdict add_message(error_node& error, const triple& t) {
    if (t.object.kind == term_kind::string) {
      if (std::exchange(error.has_message, true))
        return invalid(t.line, "an error has several messages without a language");
      error.value.message = t.object.text;
      return std::nullopt;
    }
    if (t.object.kind != term_kind::language_string)
      return invalid(t.line, "a message is no string");
    if (!error.value.translations.emplace(normalised(t.object.qualifier), t.object.text).second)
      return invalid(t.line, "an error has several messages of one language");
    return std::nullopt;
  }

  static verdict add_generic(error_node& error, const triple& t) {
    if (t.object.kind != term_kind::string)
      return invalid(t.line, "a generic_error is no plain string");
    const auto value = base::errno_by_name(t.object.text);
    if (!value) return invalid(t.line, "a generic_error is not known");
    if (error.value.generic != 0) return invalid(t.line, "an error has several generic_errors");
    error.value.generic = *value;
    return std::nullopt;
  }

  std::span<const triple> triples_;
  std::vector<error_node> errors_;
  absl::flat_hash_map<std::pair<bool, std::string_view>, std::size_t> nodes_;
  absl::flat_hash_set<std::string_view> aliases_;
};

// Whether text in the language `tag` is for people who have set `locale`; both normalised.
bool is_language_of(std::string_view locale, std::string_view tag) {
  if (!locale.starts_with(tag)) return false;
  locale.remove_prefix(tag.size());
  return locale.empty() || std::string_view{"_.@-"}.find(locale[0]) != std::string_view::npos;
}

const std::string& message_for(const described_error& error, std::string_view locale) {
  const std::string* best = &error.message;
  std::size_t best_size = 0;
  for (const auto& [tag, text] : error.translations) {
    if (tag.size() <= best_size || !is_language_of(locale, tag)) continue;
    best = &text;
    best_size = tag.size();
  }
  return *best;
}

}  // namespace

category_description describe_category(std::string_view source) {
  const auto triples = read(source);
  if (!triples)
    return category_failure{core_errc::bad_rdf, triples.error().line,
                            to_string(triples.error().error)};
  if (triples->empty()) return category_failure{core_errc::bad_rdf, 0, "no statements"};
  return builder{*triples}.build();
}

std::string_view message_locale(std::string_view lc_all, std::string_view lc_messages,
                                std::string_view lang) noexcept {
  if (!lc_all.empty()) return lc_all;
  return lc_messages.empty() ? lang : lc_messages;
}

user_error_category::user_error_category(std::string_view path,
                                         const std::vector<described_error>& errors,
                                         std::string_view locale)
    : name_("file://") {
  name_ += path;
  const std::string wanted = normalised(locale);
  for (const described_error& error : errors) {
    meanings_.try_emplace(error.code, meaning{message_for(error, wanted), error.generic});
    for (const std::string& alias : error.aliases) aliases_.try_emplace(alias, error.code);
  }
}

std::string user_error_category::message(int code) const {
  const auto found = meanings_.find(code);
  return found == meanings_.end() ? "Unknown" : found->second.message;
}

std::error_condition user_error_category::default_error_condition(int code) const noexcept {
  const auto found = meanings_.find(code);
  if (found == meanings_.end() || found->second.generic == 0) return {code, *this};
  return {found->second.generic, std::generic_category()};
}

std::optional<int> user_error_category::code_of(std::string_view alias) const {
  const auto found = aliases_.find(alias);
  if (found == aliases_.end()) return std::nullopt;
  return found->second;
}

category_registry::result category_registry::get(const std::string& path, std::string_view source) {
  const std::scoped_lock lock{mutex_};
  if (const auto found = categories_.find(path); found != categories_.end())
    return found->second.get();
  const auto errors = describe_category(source);
  if (!errors) return errors.error();
  auto& category = categories_[path];
  category = std::make_unique<const user_error_category>(path, *errors, locale_);
  return category.get();
}

}  // namespace emilua::turtle
