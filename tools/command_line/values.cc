#include "tools/command_line/values.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>

#include "lib/base/edit_distance.h"
#include "lib/base/error.h"
#include "tools/command_line/option_table.h"

namespace emilua::tools {

void refuse(const std::string& option, const std::string& text, const std::string& what) {
  throw misuse{option + ": " + (text.empty() ? "''" : text) + ": " + what};
}

std::uint64_t number(const std::string& option, const std::string& text, std::uint64_t most) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (rest == text.data() || rest != end) refuse(option, text, "not a number");
  if (error != std::errc{} || value > most)
    refuse(option, text, "more than " + std::to_string(most));
  return value;
}

int open_descriptor(const std::string& option, const std::string& text) {
  const auto fd = static_cast<int>(number(option, text, INT_MAX));
  if (::fcntl(fd, F_GETFD) == -1) refuse(option, text, base::last_error().message());
  return fd;
}

std::chrono::nanoseconds seconds(const std::string& option, const std::string& text) {
  constexpr double a_year = 366.0 * 24 * 60 * 60;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  // Digits first: no "nan", no "inf", no hexadecimals, no blanks.
  const bool plain = !text.empty() && text.find_first_not_of("0123456789.") == text.npos;
  if (!plain || *end != '\0' || end == text.c_str())
    refuse(option, text, "not a number of seconds");
  if (value > a_year) refuse(option, text, "more than a year");
  return std::chrono::ceil<std::chrono::nanoseconds>(std::chrono::duration<double>(value));
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(separator, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

sandbox::namespace_set namespace_kind(const std::string& option, const std::string& text) {
  if (const auto kind = sandbox::namespace_by_name(text)) return *kind;
  std::vector<std::string> names;
  for (const auto& kind : sandbox::namespace_kinds()) names.emplace_back(kind.name);
  refuse(option, text, "no such namespace" + base::did_you_mean(names, text));
}

}  // namespace emilua::tools
