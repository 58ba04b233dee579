// Reports on standard error: panics, start-up failures.
//
//   diagnostics log{.color = true};
//   log.report("Main fiber from VM 0x… panicked: ", "oops", traceback);
//
// One report is one write(2), so that reports of several processes do not mix. Control characters
// in the text, which may come from hostile code, are shown as \xNN and never reach the terminal.
#pragma once

#include <string>
#include <string_view>

namespace emilua::fiber {

struct diagnostics {
  static constexpr int error_level = 3;  // syslog's LOG_ERR; reports have this level

  bool color = false;
  int max_level = 4;
  int fd = 2;

  // `headline` then 'message', a line; then `details` (may be empty), line by line.
  void report(std::string_view headline, std::string_view message,
              std::string_view details = {}) const;
};

// EMILUA_COLORS ("1", "0", anything else: decided by the terminal) and NO_COLOR.
[[nodiscard]] bool want_color(const char* emilua_colors, const char* no_color,
                              bool is_terminal) noexcept;

// EMILUA_LOG_LEVELS: the leading bare number, otherwise `fallback`.
[[nodiscard]] int parse_log_level(const char* emilua_log_levels, int fallback) noexcept;

}  // namespace emilua::fiber
