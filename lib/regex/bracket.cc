#include "lib/regex/bracket.h"

#include <algorithm>

namespace emilua::regex {
namespace {

// Not <cctype>, which asks the process's locale.
constexpr bool is_upper(unsigned c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_lower(unsigned c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_digit(unsigned c) { return c >= '0' && c <= '9'; }
constexpr bool is_alpha(unsigned c) { return is_upper(c) || is_lower(c); }
constexpr bool is_alnum(unsigned c) { return is_alpha(c) || is_digit(c); }
constexpr bool is_graph(unsigned c) { return c > ' ' && c < 0x7f; }
constexpr bool is_space(unsigned c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

constexpr struct {
  std::string_view name;
  bool (*has)(unsigned c);
} classes[] = {
    {"alnum", is_alnum},
    {"alpha", is_alpha},
    {"blank", [](unsigned c) { return c == ' ' || c == '\t'; }},
    {"cntrl", [](unsigned c) { return c < ' ' || c == 0x7f; }},
    {"digit", is_digit},
    {"graph", is_graph},
    {"lower", is_lower},
    {"print", [](unsigned c) { return is_graph(c) || c == ' '; }},
    {"punct", [](unsigned c) { return is_graph(c) && !is_alnum(c); }},
    {"space", is_space},
    {"upper", is_upper},
    {"xdigit",
     [](unsigned c) { return is_digit(c) || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f'); }},
    {"d", is_digit},
    {"s", is_space},
    {"w", [](unsigned c) { return is_alnum(c) || c == '_'; }},
};

constexpr struct {
  std::string_view name;
  char value;
} elements[] = {
    {"NUL", '\0'},
    {"SOH", '\x01'},
    {"STX", '\x02'},
    {"ETX", '\x03'},
    {"EOT", '\x04'},
    {"ENQ", '\x05'},
    {"ACK", '\x06'},
    {"alert", '\a'},
    {"BEL", '\a'},
    {"backspace", '\b'},
    {"BS", '\b'},
    {"tab", '\t'},
    {"HT", '\t'},
    {"newline", '\n'},
    {"LF", '\n'},
    {"vertical-tab", '\v'},
    {"VT", '\v'},
    {"form-feed", '\f'},
    {"FF", '\f'},
    {"carriage-return", '\r'},
    {"CR", '\r'},
    {"SO", '\x0e'},
    {"SI", '\x0f'},
    {"DLE", '\x10'},
    {"DC1", '\x11'},
    {"DC2", '\x12'},
    {"DC3", '\x13'},
    {"DC4", '\x14'},
    {"NAK", '\x15'},
    {"SYN", '\x16'},
    {"ETB", '\x17'},
    {"CAN", '\x18'},
    {"EM", '\x19'},
    {"SUB", '\x1a'},
    {"ESC", '\x1b'},
    {"IS4", '\x1c'},
    {"IS3", '\x1d'},
    {"IS2", '\x1e'},
    {"IS1", '\x1f'},
    {"space", ' '},
    {"exclamation-mark", '!'},
    {"quotation-mark", '"'},
    {"number-sign", '#'},
    {"dollar-sign", '$'},
    {"percent-sign", '%'},
    {"ampersand", '&'},
    {"apostrophe", '\''},
    {"left-parenthesis", '('},
    {"right-parenthesis", ')'},
    {"asterisk", '*'},
    {"plus-sign", '+'},
    {"comma", ','},
    {"hyphen", '-'},
    {"hyphen-minus", '-'},
    {"period", '.'},
    {"full-stop", '.'},
    {"slash", '/'},
    {"solidus", '/'},
    {"zero", '0'},
    {"one", '1'},
    {"two", '2'},
    {"three", '3'},
    {"four", '4'},
    {"five", '5'},
    {"six", '6'},
    {"seven", '7'},
    {"eight", '8'},
    {"nine", '9'},
    {"colon", ':'},
    {"semicolon", ';'},
    {"less-than-sign", '<'},
    {"equals-sign", '='},
    {"greater-than-sign", '>'},
    {"question-mark", '?'},
    {"commercial-at", '@'},
    {"left-square-bracket", '['},
    {"backslash", '\\'},
    {"reverse-solidus", '\\'},
    {"right-square-bracket", ']'},
    {"circumflex", '^'},
    {"circumflex-accent", '^'},
    {"underscore", '_'},
    {"low-line", '_'},
    {"grave-accent", '`'},
    {"left-curly-bracket", '{'},
    {"left-brace", '{'},
    {"vertical-line", '|'},
    {"right-curly-bracket", '}'},
    {"right-brace", '}'},
    {"tilde", '~'},
    {"DEL", '\x7f'},
};

}  // namespace

std::optional<std::bitset<256>> character_class(std::string_view name) {
  const auto* found = std::ranges::find(classes, name, [](const auto& c) { return c.name; });
  if (found == std::end(classes)) return std::nullopt;
  std::bitset<256> set;
  for (unsigned c = 0; c != set.size(); ++c) set[c] = found->has(c);
  return set;
}

std::optional<unsigned char> collating_element(std::string_view name) {
  if (name.size() == 1) return static_cast<unsigned char>(name.front());
  const auto* found = std::ranges::find(elements, name, [](const auto& e) { return e.name; });
  if (found == std::end(elements)) return std::nullopt;
  return static_cast<unsigned char>(found->value);
}

}  // namespace emilua::regex
