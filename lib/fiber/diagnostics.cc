#include "lib/fiber/diagnostics.h"

#include <charconv>
#include <cstring>

#include "lib/base/file.h"
#include "lib/base/printable.h"

namespace emilua::fiber {

namespace {

// A traceback has lines.
std::string printable(std::string_view text) { return base::printable(text, "\n\t"); }

}  // namespace

void diagnostics::report(std::string_view headline, std::string_view message,
                         std::string_view details) const {
  if (max_level < error_level) return;
  const std::string_view bold = color ? "\33[31;1m" : "", underline = color ? "\33[4m" : "",
                         dim = color ? "\33[2m" : "", plain = color ? "\33[22;24;39m" : "";
  std::string text;
  text.append(bold).append(headline).append("'").append(underline);
  text.append(printable(message)).append(plain).append(bold).append("'").append(plain).append("\n");
  if (!details.empty()) {
    text.append(dim).append(printable(details)).append(plain);
    if (!text.ends_with('\n')) text += '\n';
  }
  // Nobody is left to tell when standard error itself fails.
  static_cast<void>(base::write_all(fd, base::bytes_of(text)));
}

bool want_color(const char* emilua_colors, const char* no_color, bool is_terminal) noexcept {
  if (emilua_colors != nullptr && std::strcmp(emilua_colors, "1") == 0) return true;
  if (emilua_colors != nullptr && std::strcmp(emilua_colors, "0") == 0) return false;
  if (no_color != nullptr && *no_color != '\0') return false;
  return is_terminal;
}

int parse_log_level(const char* emilua_log_levels, int fallback) noexcept {
  if (emilua_log_levels == nullptr) return fallback;
  const std::string_view text = emilua_log_levels;
  const std::string_view first = text.substr(0, text.find(','));
  int level = fallback;
  const auto [end, error] = std::from_chars(first.data(), first.data() + first.size(), level);
  return error == std::errc{} && end == first.data() + first.size() ? level : fallback;
}

}  // namespace emilua::fiber
