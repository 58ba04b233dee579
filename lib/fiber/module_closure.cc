#include "lib/fiber/module_closure.h"

#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <optional>

#include "lib/fiber/module_name.h"

namespace emilua::fiber {
namespace {

constexpr std::size_t max_modules = 4096;

// As much of Lua's lexical structure as is needed to tell code from comments and strings.
class lexer {
 public:
  explicit lexer(std::string_view source) : source_(source), rest_(source) {
    if (rest_.starts_with('#')) skip_line();
  }

  std::vector<required_name> required() {
    std::vector<required_name> names;
    bool after_require = false;
    while (!rest_.empty()) {
      const char c = rest_[0];
      if (is_space(c)) {
        rest_.remove_prefix(1);
      } else if (rest_.starts_with("--")) {
        rest_.remove_prefix(2);
        if (!long_bracket()) skip_line();
      } else if (c == '\'' || c == '"') {
        const int here = line();
        auto text = quoted();
        if (after_require && text) names.push_back({std::move(*text), here});
        after_require = false;
      } else if (auto text = long_bracket()) {
        if (after_require) names.push_back({std::string{*text}, line()});
        after_require = false;
      } else if (is_word(c)) {
        const std::string_view word = identifier();
        // x.require and x:require are somebody else's.
        after_require = word == "require" && last_ != '.' && last_ != ':';
        last_ = 'a';
      } else {
        after_require = after_require && c == '(';
        last_ = c;
        rest_.remove_prefix(1);
      }
    }
    return names;
  }

 private:
  static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
  static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
  }

  // Where the text that is left begins; asked for in ascending order.
  int line() {
    const std::size_t here = source_.size() - rest_.size();
    line_ +=
        static_cast<int>(std::count(source_.begin() + static_cast<std::ptrdiff_t>(counted_),
                                    source_.begin() + static_cast<std::ptrdiff_t>(here), '\n'));
    counted_ = here;
    return line_;
  }

  void skip_line() {
    const auto end = rest_.find('\n');
    rest_.remove_prefix(end == rest_.npos ? rest_.size() : end);
  }

  std::string_view identifier() {
    std::size_t n = 0;
    while (n < rest_.size() && is_word(rest_[n])) ++n;
    const std::string_view word = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return word;
  }

  // [[…]], [=[…]=] …; nothing is consumed when there is none.
  std::optional<std::string_view> long_bracket() {
    if (!rest_.starts_with('[')) return std::nullopt;
    std::size_t level = 1;
    while (level < rest_.size() && rest_[level] == '=') ++level;
    if (level >= rest_.size() || rest_[level] != '[') return std::nullopt;
    std::string close = "]" + std::string(level - 1, '=') + "]";
    std::string_view body = rest_.substr(level + 1);
    const auto end = body.find(close);
    rest_ = end == body.npos ? std::string_view{} : body.substr(end + close.size());
    body = body.substr(0, end);
    if (body.starts_with('\n')) body.remove_prefix(1);
    last_ = 's';
    return body;
  }

  // A string with escapes is no module name that anybody writes: consumed, not returned.
  std::optional<std::string> quoted() {
    const char quote = rest_[0];
    std::string text;
    bool plain = true;
    std::size_t i = 1;
    for (; i < rest_.size() && rest_[i] != quote && rest_[i] != '\n'; ++i) {
      if (rest_[i] == '\\') {
        plain = false;
        ++i;
      } else {
        text += rest_[i];
      }
    }
    rest_.remove_prefix(std::min(i + 1, rest_.size()));
    last_ = 's';
    return plain ? std::optional{std::move(text)} : std::nullopt;
  }

  std::string_view source_, rest_;
  std::size_t counted_ = 0;  // bytes whose lines are
  int line_ = 1;
  char last_ = ' ';  // the last significant character
};

std::optional<std::string> find_module(std::string_view id, const module_info& importer,
                                       const source_store& sources) {
  const auto request = parse_module_name(id);
  if (!request) return std::nullopt;
  const auto candidates = module_candidates(*request, importer);
  if (!candidates) return std::nullopt;
  const std::string* path = sources.first_existing(*candidates);
  return path != nullptr ? std::optional{*path} : std::nullopt;
}

}  // namespace

std::vector<required_name> required_names(std::string_view source) {
  return lexer{source}.required();
}

base::result<std::vector<shipped_module>> module_closure(const std::string& entry,
                                                         const std::string& import_root,
                                                         const source_store& sources) {
  auto first = sources.load(entry);
  if (!first) return first.error();
  std::vector<shipped_module> found{{entry, *first}};
  absl::flat_hash_set<std::string> seen{entry};
  // `found` is its own work list: it grows while it is walked.
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (is_category_path(found[i].path)) continue;
    const module_info importer{.path = found[i].path,
                               .import_root = import_root,
                               .leaf = is_leaf_path(found[i].path),
                               .context = {}};
    const source_store::text source = found[i].source;
    for (const auto& [id, line] : required_names(*source)) {
      auto path = find_module(id, importer, sources);
      if (!path || !seen.insert(*path).second) continue;
      auto text = sources.load(*path);
      if (text && found.size() < max_modules) found.push_back({std::move(*path), *text});
    }
  }
  return found;
}

}  // namespace emilua::fiber
