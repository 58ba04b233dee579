// The numbers that most fields of digits are, without strtod.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace emilua::scanner {

// The value of [-]digits[.digits] with few enough digits that it is exact up to one division, hence
// what strtod gives to the last bit. Nothing for any other text, which may well be a number too.
[[nodiscard]] constexpr std::optional<double> plain_number(std::string_view text) noexcept {
  constexpr std::size_t most_digits = 15;  // 10^15 < 2^53: every such integer is a double
  constexpr double powers_of_ten[most_digits + 1] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                     1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const char* at = text.data();
  const char* const end = at + text.size();
  std::int64_t digits = 0;
  const auto take_digits = [&] {
    const char* const begin = at;
    for (; at != end && *at >= '0' && *at <= '9'; ++at) digits = digits * 10 + (*at - '0');
    return static_cast<std::size_t>(at - begin);
  };
  if (text.size() > most_digits + 1) return std::nullopt;
  const std::size_t whole = take_digits();
  std::size_t fraction = 0;
  if (whole != 0 && at != end && *at == '.') {
    ++at;
    fraction = take_digits();
    if (fraction == 0) return std::nullopt;
  }
  if (at != end || whole == 0 || whole + fraction > most_digits) return std::nullopt;
  const double value = static_cast<double>(digits) / powers_of_ten[fraction];
  return negative ? -value : value;
}

}  // namespace emilua::scanner
