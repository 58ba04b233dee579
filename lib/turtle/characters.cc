#include "lib/turtle/characters.h"

#include <algorithm>

namespace emilua::turtle {
namespace {

struct interval {
  char32_t first, last;
};

// PN_CHARS_BASE outside ASCII.
constexpr interval letters[] = {
    {0xc0, 0xd6},     {0xd8, 0xf6},     {0xf8, 0x2ff},    {0x370, 0x37d},
    {0x37f, 0x1fff},  {0x200c, 0x200d}, {0x2070, 0x218f}, {0x2c00, 0x2fef},
    {0x3001, 0xd7ff}, {0xf900, 0xfdcf}, {0xfdf0, 0xfffd}, {0x10000, 0xeffff},
};

// What PN_CHARS has besides PN_CHARS_U, outside ASCII.
constexpr interval marks[] = {{0xb7, 0xb7}, {0x300, 0x36f}, {0x203f, 0x2040}};

template <std::size_t n>
bool is_in(const interval (&intervals)[n], char32_t c) {
  return std::ranges::any_of(intervals, [c](interval i) { return c >= i.first && c <= i.last; });
}

std::size_t sequence_size(unsigned char first) {
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;  // a continuation, or a form that could be shorter
  if (first < 0xe0) return 2;
  if (first < 0xf0) return 3;
  return first < 0xf5 ? 4 : 0;
}

}  // namespace

std::size_t utf8_prefix(std::string_view text) noexcept {
  constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t size = sequence_size(static_cast<unsigned char>(rest[0]));
    if (size == 0 || size > rest.size()) break;
    const bool continued = std::ranges::all_of(rest.substr(1, size - 1), [](char c) {
      return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
    });
    const char32_t value = first_code_point(rest).value;
    if (!continued || value < smallest[size] || !is_scalar_value(value)) break;
    rest.remove_prefix(size);
  }
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

bool is_name_start(char32_t c) noexcept { return c < 0x80 ? is_letter(c) : is_in(letters, c); }

bool is_name_char(char32_t c) noexcept {
  return is_name_start(c) || is_digit(c) || c == '_' || c == '-' || is_in(marks, c);
}

bool is_label_start(char32_t c) noexcept { return is_name_start(c) || is_digit(c) || c == '_'; }

}  // namespace emilua::turtle
