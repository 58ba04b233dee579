#include "lib/bindings/byte_span/search.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace emilua::bindings {
namespace {

std::size_t offset_in(std::string_view bytes, const void* place) noexcept {
  return static_cast<std::size_t>(static_cast<const char*>(place) - bytes.data());
}

// Bytes read from their end.
struct reversed {
  std::string_view bytes;

  [[nodiscard]] std::size_t size() const noexcept { return bytes.size(); }
  [[nodiscard]] unsigned char operator[](std::size_t i) const noexcept {
    return static_cast<unsigned char>(bytes[bytes.size() - 1 - i]);
  }
};

struct factorization {
  std::size_t critical;  // where the right half begins
  std::size_t period;    // of the right half
};

// The greatest suffix of `x` in the order of bytes, or in its opposite.
factorization greatest_suffix(const reversed& x, bool opposite) noexcept {
  std::size_t suffix = 0, candidate = 1, k = 0, period = 1;
  while (candidate + k < x.size()) {
    const unsigned char a = x[candidate + k], b = x[suffix + k];
    if (a == b) {
      if (k + 1 == period) {
        candidate += period;
        k = 0;
      } else {
        ++k;
      }
    } else if ((a < b) != opposite) {
      candidate += k + 1;
      k = 0;
      period = candidate - suffix;
    } else {
      suffix = candidate++;
      k = 0;
      period = 1;
    }
  }
  return {suffix, period};
}

bool has_period(const reversed& x, std::size_t size, std::size_t period) noexcept {
  for (std::size_t i = 0; i < size; ++i)
    if (x[i] != x[i + period]) return false;
  return true;
}

// Crochemore and Perrin's two-way algorithm: linear time, constant memory. The right half of `x` is
// compared from its left end, then the left half from its right one; what is known to match of a
// periodic `x` is not compared again.
std::optional<std::size_t> two_way(const reversed& y, const reversed& x) noexcept {
  const factorization f =
      std::max(greatest_suffix(x, false), greatest_suffix(x, true),
               [](const auto& a, const auto& b) { return a.critical < b.critical; });
  const std::size_t critical = f.critical;
  const bool periodic = critical + f.period <= x.size() && has_period(x, critical, f.period);
  const std::size_t shift = periodic ? f.period : std::max(critical, x.size() - critical) + 1;
  std::size_t known = 0;
  for (std::size_t at = 0; at + x.size() <= y.size();) {
    std::size_t i = std::max(critical, known);
    while (i < x.size() && x[i] == y[at + i]) ++i;
    if (i < x.size()) {
      at += i - critical + 1;
      known = 0;
      continue;
    }
    i = critical;
    while (i > known && x[i - 1] == y[at + i - 1]) --i;
    if (i <= known) return at;
    at += shift;
    known = periodic ? x.size() - shift : 0;
  }
  return std::nullopt;
}

std::array<bool, 256> table_of(std::string_view set, members which) noexcept {
  std::array<bool, 256> wanted;
  wanted.fill(which == members::out);
  for (const char c : set) wanted[static_cast<unsigned char>(c)] = which == members::in;
  return wanted;
}

}  // namespace

std::optional<std::size_t> find_first(std::string_view bytes, std::string_view target) noexcept {
  if (bytes.empty()) return std::nullopt;
  const void* found = ::memmem(bytes.data(), bytes.size(), target.data(), target.size());
  if (found == nullptr) return std::nullopt;
  return offset_in(bytes, found);
}

std::optional<std::size_t> find_last(std::string_view bytes, std::string_view target,
                                     std::size_t limit) noexcept {
  if (limit == 0 || target.size() > bytes.size()) return std::nullopt;
  if (target.empty()) return limit - 1;
  bytes = bytes.substr(0, limit - 1 + std::min(target.size(), bytes.size() - (limit - 1)));
  if (target.size() == 1) {
    const void* found = ::memrchr(bytes.data(), target[0], bytes.size());
    if (found == nullptr) return std::nullopt;
    return offset_in(bytes, found);
  }
  const auto found = two_way({bytes}, {target});
  if (!found) return std::nullopt;
  return bytes.size() - target.size() - *found;
}

std::optional<std::size_t> find_first_of(std::string_view bytes, std::string_view set,
                                         members which) noexcept {
  if (which == members::in && set.size() == 1) return find_first(bytes, set);
  const auto wanted = table_of(set, which);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    if (wanted[static_cast<unsigned char>(bytes[i])]) return i;
  return std::nullopt;
}

std::optional<std::size_t> find_last_of(std::string_view bytes, std::string_view set,
                                        members which) noexcept {
  const auto wanted = table_of(set, which);
  for (std::size_t i = bytes.size(); i != 0; --i)
    if (wanted[static_cast<unsigned char>(bytes[i - 1])]) return i - 1;
  return std::nullopt;
}

}  // namespace emilua::bindings
