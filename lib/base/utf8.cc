#include "lib/base/utf8.h"

namespace emilua::base {
namespace {

std::size_t sequence_size(unsigned char first) {
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;  // a continuation, or a form that could be shorter
  if (first < 0xe0) return 2;
  if (first < 0xf0) return 3;
  return first < 0xf5 ? 4 : 0;
}

}  // namespace

std::size_t utf8_sequence(std::string_view text) noexcept {
  if (text.empty()) return 0;
  const std::size_t size = sequence_size(static_cast<unsigned char>(text[0]));
  if (size <= 1) return size;
  if (size > text.size()) return 0;
  for (std::size_t i = 1; i != size; ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 0;
  constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const char32_t value = first_code_point(text).value;
  return value >= smallest[size] && is_scalar_value(value) ? size : 0;
}

std::size_t utf8_prefix(std::string_view text) noexcept {
  std::string_view rest = text;
  while (const std::size_t size = utf8_sequence(rest)) rest.remove_prefix(size);
  return text.size() - rest.size();
}

code_point first_code_point(std::string_view text) noexcept {
  if (text.empty()) return {0, 0};
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t size = sequence_size(first);
  if (size <= 1) return {first, 1};
  char32_t value = first & (0x7fU >> size);
  for (const char c : text.substr(1, size - 1))
    value = value << 6 | (static_cast<unsigned char>(c) & 0x3f);
  return {value, size};
}

void append_utf8(std::string& to, char32_t c) {
  const auto put = [&to](char32_t byte) { to += static_cast<char>(byte); };
  const auto put_rest = [&](int bits) { put(0x80 | (c >> bits & 0x3f)); };
  if (c < 0x80) {
    put(c);
    return;
  }
  if (c < 0x800) {
    put(0xc0 | c >> 6);
  } else {
    if (c < 0x10000) {
      put(0xe0 | c >> 12);
    } else {
      put(0xf0 | c >> 18);
      put_rest(12);
    }
    put_rest(6);
  }
  put_rest(0);
}

}  // namespace emilua::base
