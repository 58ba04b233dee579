// Records of comma-separated values (RFC 4180): fields may be quoted, and then hold separators,
// line ends and, doubled, quotes.
//
//   csv_records records{','};              // used as scanner::record_splitter is
//   csv_split(record, ',', scratch, fields)  // the fields of one record
//
// A quote is special only at a field's beginning. Lines end with LF or CRLF. The time is linear in
// the input, however it comes in pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/scanner/records.h"

namespace emilua::scan {

using scanner::outcome;

struct field {
  const char* data;
  std::uint32_t size;
};

class csv_records {
 public:
  explicit csv_records(char separator) : separator_(separator) {}

  void adopt(std::span<char> memory) noexcept {
    memory_ = memory;
    begin_ = searched_ = end_ = next_ = 0;
    state_ = state::field_begins;
  }

  // Drops the current record and looks for the next one.
  [[nodiscard]] outcome next(std::size_t limit) noexcept;
  // The same once there is more, without looking at anything again.
  [[nodiscard]] outcome search(std::size_t limit) noexcept;
  // No more will come. The last record may lack its line end; `too_long` if its quote is open.
  [[nodiscard]] outcome finish() noexcept;

  [[nodiscard]] std::span<char> room() const noexcept { return memory_.subspan(end_); }
  void commit(std::size_t size) noexcept { end_ += size; }
  [[nodiscard]] std::size_t wanted(std::size_t limit) const noexcept;
  void move_to(std::span<char> memory) noexcept;

  [[nodiscard]] std::string_view record() const noexcept {
    return {memory_.data() + begin_, record_end_ - begin_};
  }

 private:
  enum class state { field_begins, plain, quoted, after_quote };

  [[nodiscard]] bool find_end() noexcept;
  void take(std::size_t record_end, std::size_t next) noexcept;

  std::span<char> memory_;
  std::size_t begin_ = 0, end_ = 0;  // what is unread, the current record included
  std::size_t searched_ = 0;
  std::size_t record_end_ = 0, next_ = 0;
  state state_ = state::field_begins;
  char separator_;
};

// Puts the fields of a record to `fields`; those that are not in it as they are, to `scratch`,
// which must hold until they are used. The number of the field that has text after its closing
// quote; 0 if none has.
[[nodiscard]] std::size_t csv_split(std::string_view record, char separator, std::string& scratch,
                                    std::vector<field>& fields);

// Undoes the escapes \t \n \r \\ of tab-separated values, where a field has any.
void tsv_unescape(std::string& scratch, std::span<field> fields);

}  // namespace emilua::scan
