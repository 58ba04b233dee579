// Records to standard output, through the C library's buffer: so they keep their place among what
// Lua's own functions write.
//
//   output out{style::csv, ","};
//   out.text("a,b"); out.number(3);
//   if (!out.end_record()) …errno…              // "a,b",3
#pragma once

#include <string>
#include <string_view>

namespace emilua::scan {

enum class style {
  plain,  // values as they are, the separator between them
  csv,    // quoted where it must be (RFC 4180)
  tsv,    // escaped where it must be
  json,   // an array in each line
};

class output {
 public:
  output(style how, std::string separator);

  [[nodiscard]] style how() const noexcept { return how_; }

  void text(std::string_view value);
  // Integers in digits, as long as they are exact; others as Lua's tostring.
  void number(double value);
  void boolean(bool value) { literal(value ? "true" : "false"); }
  void null() { literal(how_ == style::json ? "null" : ""); }
  // In place of the array: a line of JSON, or of plain text.
  void line(std::string_view text);

  // False where writing has failed, with errno.
  [[nodiscard]] bool end_record();
  [[nodiscard]] bool failed() const noexcept { return error_ != 0; }

 private:
  void put(std::string_view text);
  void begin_value();
  void literal(std::string_view text);
  void csv_text(std::string_view value);
  void tsv_text(std::string_view value);

  style how_;
  std::string separator_;
  bool empty_ = true;
  bool whole_line_ = false;
  int error_ = 0;
};

}  // namespace emilua::scan
