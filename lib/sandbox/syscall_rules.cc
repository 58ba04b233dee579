#include "lib/sandbox/syscall_rules.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "lib/base/errno_name.h"

namespace emilua::sandbox {
namespace {

constexpr std::string_view comparisons[] = {"==", "~=", "<", "<=", ">", ">=", "&=="};
constexpr std::string_view actions[] = {"allow", "kill", "kill_thread", "errno",
                                        "log",   "trap", "notify"};
constexpr std::string_view error_prefix = "errno:";

template <class Enum, std::size_t N>
std::optional<Enum> find(const std::string_view (&table)[N], std::string_view text) noexcept {
  const auto* const entry = std::find(std::begin(table), std::end(table), text);
  if (entry == std::end(table)) return std::nullopt;
  return static_cast<Enum>(entry - std::begin(table));
}

std::optional<int> parse_error(std::string_view text) noexcept {
  if (const auto value = base::errno_by_name(text)) return value;
  int value = 0;
  const auto [end, failure] = std::from_chars(text.begin(), text.end(), value);
  if (failure != std::errc{} || end != text.end()) return std::nullopt;
  if (value < 1 || value > largest_error) return std::nullopt;
  return value;
}

}  // namespace

std::optional<comparison> parse_comparison(std::string_view text) noexcept {
  return find<comparison>(comparisons, text);
}

std::string_view comparison_name(comparison op) noexcept {
  return comparisons[static_cast<unsigned>(op)];
}

std::optional<syscall_action> parse_action(std::string_view text) noexcept {
  if (text.starts_with(error_prefix)) {
    const auto error = parse_error(text.substr(error_prefix.size()));
    if (!error) return std::nullopt;
    return syscall_action{syscall_action::kind::error, *error};
  }
  const auto what = find<syscall_action::kind>(actions, text);
  if (!what || *what == syscall_action::kind::error) return std::nullopt;  // which error?
  return syscall_action{*what};
}

std::string action_name(const syscall_action& action) {
  if (action.what != syscall_action::kind::error)
    return std::string{actions[static_cast<unsigned>(action.what)]};
  std::string text{error_prefix};
  for (const auto& [name, value] : base::errno_names())
    if (value == action.error) return text += name;
  return text += std::to_string(action.error);
}

}  // namespace emilua::sandbox
