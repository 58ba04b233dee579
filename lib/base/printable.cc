#include "lib/base/printable.h"

#include "lib/base/utf8.h"

namespace emilua::base {
namespace {

constexpr bool is_upper_control(unsigned byte) { return byte >= 0x80 && byte < 0xa0; }

// How many bytes of control characters the text begins with: one, two, or none.
std::size_t control_size(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x20 || first == 0x7f) return 1;
  if (first < 0x80) return 0;
  if (first == 0xc2 && text.size() > 1 && is_upper_control(static_cast<unsigned char>(text[1])))
    return 2;
  return is_upper_control(first) ? 1 : 0;
}

}  // namespace

std::string printable(std::string_view text, std::string_view kept) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t control = kept.find(text[0]) != kept.npos ? 0 : control_size(text);
    for (const char c : text.substr(0, control)) {
      const auto byte = static_cast<unsigned char>(c);
      (out += "\\x").append({digits[byte >> 4], digits[byte & 15]});
    }
    // As a whole: the bytes after a letter's first one look like controls.
    std::size_t size = control;
    if (control == 0) {
      const std::size_t letter = utf8_sequence(text);
      size = letter == 0 ? 1 : letter;
      out += text.substr(0, size);
    }
    text.remove_prefix(size);
  }
  return out;
}

}  // namespace emilua::base
