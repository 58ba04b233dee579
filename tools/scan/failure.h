// What ends the run: one line on standard error, and the status.
#pragma once

#include <cstdio>
#include <string>

#include "tools/command_line/start.h"
#include "tools/scan/input.h"

namespace emilua::scan {

inline constexpr int failed_status = 2;  // awk's

inline int report(const std::string& what) {
  std::fflush(stdout);
  tools::complain("scan", what);
  return failed_status;
}

// What has happened at the current record.
inline int report(const input& in, const std::string& what) {
  return report(in.file() + ": record " + std::to_string(in.record_number()) + ": " + what);
}

}  // namespace emilua::scan
