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

}  // namespace

bool is_name_start(char32_t c) noexcept { return c < 0x80 ? is_letter(c) : is_in(letters, c); }

bool is_name_char(char32_t c) noexcept {
  return is_name_start(c) || is_digit(c) || c == '_' || c == '-' || is_in(marks, c);
}

bool is_label_start(char32_t c) noexcept { return is_name_start(c) || is_digit(c) || c == '_'; }

}  // namespace emilua::turtle
