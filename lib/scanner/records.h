// Where records end, in a buffer that somebody else fills.
//
//   scanner::record_splitter records;
//   records.adopt(memory, 0, 0);
//   for (auto what = records.next(separator, limit);; what = records.next(separator, limit)) {
//     if (*what == outcome::record) use(records.record());        // valid until the next call
//     if (*what == outcome::more) {
//       const std::size_t n = read_into(records.room());
//       if (n != 0) records.commit(n);
//       else if (*records.finish(separator) == outcome::end) break;
//       else use(records.record());                               // the last one has no terminator
//     }
//     if (*what == outcome::grow) … records.move_to(larger) …     // of records.wanted(limit) bytes
//     if (*what == outcome::too_long) …                           // nothing is lost
//   }
//
// Nothing is read and nothing is allocated here. Records are not copied; what is unread moves to
// the front of the memory only when there is no room left behind it, or when no more bytes move
// than have been given away, or when they are few: so the time is linear. For a literal separator
// no byte of a record is compared again when more comes; an expression goes on where a match may
// still begin, and the steps for one record are counted together, however small the pieces are.
//
// Expressions match as they would if all input were there, except that ^, $ and \b know no
// beginning and no end, and that empty matches do not count. So where an expression may match more,
// its record ends only once that is decided: an interactive program will rather use a literal. An
// expression must live until forget_expression(), or until the splitter ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "lib/base/error.h"
#include "lib/regex/expression.h"
#include "lib/regex/matcher.h"

namespace emilua::scanner {

struct record_separator {
  std::string_view literal = {};               // not empty,
  const regex::expression* pattern = nullptr;  // unless this is there
};

enum class outcome {
  record,    // there is one
  more,      // fill room(), which is not empty: commit() or finish()
  grow,      // there must be more memory: move_to()
  too_long,  // the limit is reached without the end of the record
  end,       // nothing is left
};

inline constexpr std::size_t least_capacity = 4096;  // what a buffer of no size grows to
inline constexpr std::size_t few_bytes = 1024;       // that may move whenever a record is dropped

class record_splitter {
 public:
  // Works in `memory` from now on, of which the bytes begin..end are unread.
  void adopt(std::span<char> memory, std::size_t begin, std::size_t end) noexcept;

  // Drops the current record and looks for the next one. Fails where the expression takes too many
  // steps; nothing is lost by that.
  [[nodiscard]] base::result<outcome> next(const record_separator& separator, std::size_t limit) {
    drop();
    return search(separator, limit);
  }

  // The same after `more` and `grow`, without comparing again what has been compared: the separator
  // is that of the last call.
  [[nodiscard]] base::result<outcome> search(const record_separator& separator, std::size_t limit);

  // Where more is to be put, and how much of it was.
  [[nodiscard]] std::span<char> room() const noexcept { return memory_.subspan(end_); }
  void commit(std::size_t size) noexcept { end_ += size; }

  // No more will come: what is left is a record, or there is none.
  [[nodiscard]] base::result<outcome> finish(const record_separator& separator);

  // How much memory there should be instead; what there is, at most, if the limit does not allow
  // more.
  [[nodiscard]] std::size_t wanted(std::size_t limit) const noexcept;
  void move_to(std::span<char> memory) noexcept;

  void forget_expression() noexcept { matcher_.reset(); }

  [[nodiscard]] bool has_record() const noexcept { return has_record_; }
  [[nodiscard]] std::string_view record() const noexcept { return text(begin_, record_end_); }
  [[nodiscard]] std::string_view terminator() const noexcept { return text(record_end_, next_); }
  // All that is unread, the current record included.
  [[nodiscard]] std::string_view unread() const noexcept { return text(begin_, end_); }

  // Drops the current record, if there is one. What is behind it stays where it is.
  void remove_record() noexcept;

  // For whoever handles several records at a time: goes on to the record behind the current one,
  // which stays where it is and can be returned to. False, and nothing has happened, if it is not
  // all there, or if next() would move it.
  [[nodiscard]] bool follow(std::string_view literal) noexcept;

  struct place {
    std::size_t begin = 0, record_end = 0, next = 0;
  };
  // Of the current record, until next(), move_to() or adopt().
  [[nodiscard]] place current() const noexcept { return {begin_, record_end_, next_}; }
  void return_to(const place& record) noexcept;

 private:
  [[nodiscard]] std::string_view text(std::size_t begin, std::size_t end) const noexcept {
    return {memory_.data() + begin, end - begin};
  }
  void drop() noexcept;
  void to_front() noexcept;
  [[nodiscard]] outcome take(std::size_t record_end, std::size_t next) noexcept;
  [[nodiscard]] bool find(std::string_view literal) noexcept;
  base::result<outcome> find(const regex::expression& pattern, bool at_end);
  regex::matcher& matcher_for(const regex::expression& pattern, std::string_view subject);
  outcome make_room(std::size_t limit) noexcept;

  std::span<char> memory_;
  std::size_t begin_ = 0;       // of the current record, or of what is unread
  std::size_t end_ = 0;         // of what is unread
  std::size_t searched_ = 0;    // no separator begins before
  std::size_t record_end_ = 0;  // of the current record,
  std::size_t next_ = 0;        // and of its terminator
  bool has_record_ = false;
  std::uint64_t steps_ = 0;                     // that the expression has taken for this record
  const regex::expression* pattern_ = nullptr;  // the matcher's
  std::optional<regex::matcher> matcher_;
};

}  // namespace emilua::scanner
