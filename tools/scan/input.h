// The records of some files, one after another, and their fields.
//
//   input in{settings, files, complain};
//   while (in.next() == progress::record) …in.view().data…, in.find_field(3)…
//
// What cannot be read is complained of, and left out. lua/modules/scan.lua calls this through the
// FFI: so nothing here throws or knows Lua, and what is to be reported is kept for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/unique_fd.h"
#include "lib/regex/expression.h"
#include "lib/scanner/fields.h"
#include "lib/scanner/records.h"
#include "tools/scan/csv.h"

namespace emilua::scan {

enum class format { text, csv, tsv };

// Either expressions, or text that is not empty. No field separator: runs of white space.
struct settings {
  format what = format::text;
  std::string record_separator = "\n";
  std::string field_separator;
  std::optional<regex::expression> record_pattern, field_pattern;
  bool trim = false;
};

// lua/modules/scan.lua declares the same: numbers that Lua takes as numbers.
struct record_view {
  const char* data = nullptr;
  const field* fields = nullptr;
  std::uint32_t size = 0;
  std::uint32_t known = 0;  // of the fields, those that were found
};

enum class progress : int {
  failed = -1,  // see failure()
  end = 0,
  record = 1,
  first_record = 2,  // of another file
};

class input {
 public:
  // Records longer than that are an error; fields are counted and measured with 32 bits.
  static constexpr std::size_t longest_record = std::size_t{256} << 20;

  // All must outlive it. `-` is standard input, as is no file at all.
  input(const settings& how, std::vector<std::string> files);
  ~input();
  input(const input&) = delete;
  input& operator=(const input&) = delete;

  progress next() noexcept;

  // Whether the current record has this field, counted from 1; failed if that cannot be told. Only
  // then are the fields up to this one in view(); those of `all_fields` are all.
  static constexpr std::uint32_t all_fields = UINT32_MAX;
  progress find_field(std::uint32_t number) noexcept;

  // A field's value, if it is one of the usual decimal numbers; NaN if it is anything else.
  double number(std::uint32_t field_number) noexcept;

  [[nodiscard]] const record_view& view() const noexcept { return view_; }
  [[nodiscard]] const std::string& file() const noexcept { return *file_; }
  // Of the current record, or the one that next() has failed for, in its file; counted from 1.
  [[nodiscard]] std::uint64_t record_number() const noexcept { return record_number_; }
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
  // Whether something could not be read.
  [[nodiscard]] bool incomplete() const noexcept { return incomplete_; }

 private:
  template <class Records, class Next, class Search>
  progress next_of(Records& records, Next next, Search search);
  template <class Records, class Search>
  base::result<scanner::outcome> advance(Records& records, Search search, bool& at_end);
  std::optional<std::size_t> read(std::span<char> room);
  bool open_next();
  void complain(const char* what, int error);
  progress fail(std::string reason) noexcept;
  progress fail_next(std::string reason) noexcept;
  void take(std::string_view record) noexcept;
  bool begin_fields();
  bool find_fields(std::uint32_t number);
  void find_words(std::uint32_t number);
  void add_field(std::string_view text);

  const settings& how_;
  std::vector<std::string> files_;
  std::size_t next_file_ = 0;
  const std::string* file_;
  base::unique_fd descriptor_;  // of what is opened here
  int fd_ = -1;                 // being read, if any
  bool waits_ = false;          // reading it may take long
  std::uint64_t record_number_ = 0;
  bool incomplete_ = false;

  std::vector<char> memory_;
  scanner::record_separator separator_;
  bool words_;  // fields are what is between white space; else the rule says what separates them
  scanner::field_rule rule_;
  scanner::record_splitter records_;
  csv_records csv_;

  record_view view_;
  std::optional<scanner::field_cursor> cursor_;
  std::string_view text_;  // what is split,
  std::size_t at_ = 0;     // and up to where it is
  bool begun_ = false, all_known_ = true;
  std::vector<field> fields_;
  std::string scratch_;
  std::string failure_;
};

}  // namespace emilua::scan
