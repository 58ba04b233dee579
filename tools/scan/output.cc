#include "tools/scan/output.h"

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>

#include "lib/bindings/json/writer.h"

namespace emilua::scan {

output::output(style how, std::string separator)
    : how_(how), separator_(how == style::json ? "," : std::move(separator)) {}

void output::put(std::string_view text) {
  if (::fwrite_unlocked(text.data(), 1, text.size(), stdout) != text.size() && error_ == 0)
    error_ = errno;
}

void output::begin_value() {
  if (how_ == style::json && empty_)
    put("[");
  else if (!empty_)
    put(separator_);
  empty_ = false;
}

void output::literal(std::string_view text) {
  begin_value();
  put(text);
}

void output::csv_text(std::string_view value) {
  const bool quoted = value.find_first_of("\"\r\n") != value.npos ||
                      value.find(separator_) != value.npos || value.starts_with(' ') ||
                      value.ends_with(' ');
  if (!quoted) return put(value);
  put("\"");
  for (;;) {
    const std::size_t quote = value.find('"');
    put(value.substr(0, quote));
    if (quote == value.npos) break;
    put("\"\"");
    value.remove_prefix(quote + 1);
  }
  put("\"");
}

void output::tsv_text(std::string_view value) {
  for (;;) {
    const std::size_t special = value.find_first_of("\t\n\r\\");
    put(value.substr(0, special));
    if (special == value.npos) return;
    switch (value[special]) {
      case '\t':
        put("\\t");
        break;
      case '\n':
        put("\\n");
        break;
      case '\r':
        put("\\r");
        break;
      default:
        put("\\\\");
    }
    value.remove_prefix(special + 1);
  }
}

void output::text(std::string_view value) {
  begin_value();
  switch (how_) {
    case style::plain:
      return put(value);
    case style::csv:
      return csv_text(value);
    case style::tsv:
      return tsv_text(value);
    case style::json: {
      bindings::json::writer json;
      json.string(value);
      put(json.text());
    }
  }
}

void output::number(double value) {
  begin_value();
  if (how_ == style::json) {
    bindings::json::writer json;
    json.number(value);
    return put(json.text());
  }
  char digits[40];
  constexpr double exact = 9007199254740992;  // 2^53
  if (std::abs(value) <= exact && value == std::trunc(value)) {
    const auto end =
        std::to_chars(digits, digits + sizeof digits, static_cast<std::int64_t>(value));
    return put({digits, static_cast<std::size_t>(end.ptr - digits)});
  }
  const int size = std::snprintf(digits, sizeof digits, "%.14g", value);
  put({digits, static_cast<std::size_t>(size)});
}

void output::line(std::string_view text) {
  put(text);
  whole_line_ = true;
}

bool output::end_record() {
  if (how_ == style::json && !whole_line_) put(empty_ ? "[]" : "]");
  put("\n");
  empty_ = true;
  whole_line_ = false;
  errno = error_;
  return !failed();
}

}  // namespace emilua::scan
