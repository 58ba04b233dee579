#include "tools/scan/csv.h"

#include <algorithm>
#include <cstring>

namespace emilua::scan {

void csv_records::take(std::size_t record_end, std::size_t next) noexcept {
  if (record_end != begin_ && memory_[record_end - 1] == '\r') --record_end;
  record_end_ = record_end;
  next_ = next;
}

// Goes on from searched_ to the end of the record.
bool csv_records::find_end() noexcept {
  const char* const data = memory_.data();
  if (searched_ == begin_) {
    // Most lines have no quote in them.
    const auto* newline = static_cast<const char*>(std::memchr(data + begin_, '\n', end_ - begin_));
    if (newline != nullptr) {
      const auto size = static_cast<std::size_t>(newline - data) - begin_;
      if (std::memchr(data + begin_, '"', size) == nullptr) {
        take(begin_ + size, begin_ + size + 1);
        return true;
      }
    }
  }
  for (; searched_ != end_; ++searched_) {
    const char c = data[searched_];
    if (state_ == state::quoted) {
      const auto* quote =
          static_cast<const char*>(std::memchr(data + searched_, '"', end_ - searched_));
      if (quote == nullptr) {
        searched_ = end_;
        return false;
      }
      searched_ = static_cast<std::size_t>(quote - data);
      state_ = state::after_quote;
    } else if (c == '\n') {
      take(searched_, searched_ + 1);
      return true;
    } else if (c == separator_) {
      state_ = state::field_begins;
    } else if (c == '"' && state_ != state::plain) {
      state_ = state::quoted;
    } else {
      state_ = state::plain;
    }
  }
  return false;
}

outcome csv_records::next(std::size_t limit) noexcept {
  begin_ = searched_ = next_;
  state_ = state::field_begins;
  return search(limit);
}

outcome csv_records::search(std::size_t limit) noexcept {
  if (find_end()) return outcome::record;
  // Moved only if no more bytes move than were given away.
  if (begin_ != 0 && (end_ == memory_.size() || end_ - begin_ <= begin_)) {
    move_to(memory_);
    return outcome::more;
  }
  if (end_ != memory_.size()) return outcome::more;
  return wanted(limit) > memory_.size() ? outcome::grow : outcome::too_long;
}

outcome csv_records::finish() noexcept {
  if (state_ == state::quoted) return outcome::too_long;
  if (begin_ == end_) return outcome::end;
  take(end_, end_);
  return outcome::record;
}

std::size_t csv_records::wanted(std::size_t limit) const noexcept {
  return std::max(memory_.size(), std::min(limit, 2 * memory_.size()));
}

void csv_records::move_to(std::span<char> memory) noexcept {
  std::memmove(memory.data(), memory_.data() + begin_, end_ - begin_);
  memory_ = memory;
  searched_ -= begin_;
  end_ -= begin_;
  begin_ = next_ = 0;
}

namespace {

// What is kept in a string that does not grow meanwhile.
class kept_text {
 public:
  kept_text(std::string& scratch, std::size_t most) : scratch_(scratch) {
    scratch.clear();
    scratch.reserve(most);
  }
  void begin() { at_ = scratch_.size(); }
  void append(std::string_view text) { scratch_.append(text); }
  [[nodiscard]] field text() const {
    return {scratch_.data() + at_, static_cast<std::uint32_t>(scratch_.size() - at_)};
  }

 private:
  std::string& scratch_;
  std::size_t at_ = 0;
};

field field_of(std::string_view text) {
  return {text.data(), static_cast<std::uint32_t>(text.size())};
}

// The field whose opening quote is at `from`, which moves behind its closing one.
field quoted_field(std::string_view record, std::size_t& from, kept_text& kept) {
  std::size_t begin = ++from;
  for (bool first = true;; first = false) {
    const std::size_t quote = std::min(record.find('"', from), record.size());
    from = std::min(quote + 1, record.size());
    const bool doubled = quote + 1 < record.size() && record[quote + 1] == '"';
    if (!doubled && first) return field_of(record.substr(begin, quote - begin));
    if (first) kept.begin();
    kept.append(record.substr(begin, quote + (doubled ? 1 : 0) - begin));
    if (!doubled) return kept.text();
    begin = from = quote + 2;
  }
}

}  // namespace

std::size_t csv_split(std::string_view record, char separator, std::string& scratch,
                      std::vector<field>& fields) {
  fields.clear();
  if (record.empty()) return 0;
  kept_text kept{scratch, record.size()};
  for (std::size_t from = 0;; ++from) {
    if (from < record.size() && record[from] == '"') {
      fields.push_back(quoted_field(record, from, kept));
      if (from != record.size() && record[from] != separator) return fields.size();
    } else {
      const std::size_t end = std::min(record.find(separator, from), record.size());
      fields.push_back(field_of(record.substr(from, end - from)));
      from = end;
    }
    if (from == record.size()) return 0;
  }
}

void tsv_unescape(std::string& scratch, std::span<field> fields) {
  std::size_t most = 0;
  for (const field& f : fields) most += f.size;
  kept_text kept{scratch, most};
  for (field& f : fields) {
    std::string_view rest{f.data, f.size};
    if (rest.find('\\') == rest.npos) continue;
    kept.begin();
    for (;;) {
      const std::size_t at = rest.find('\\');
      kept.append(rest.substr(0, at));
      if (at == rest.npos) break;
      constexpr std::string_view names = "tnr\\", meanings = "\t\n\r\\";
      const std::size_t which = at + 1 < rest.size() ? names.find(rest[at + 1]) : names.npos;
      // What is no escape stays as it is.
      kept.append(which != names.npos ? meanings.substr(which, 1) : rest.substr(at, 1));
      rest.remove_prefix(at + (which != names.npos ? 2 : 1));
    }
    f = kept.text();
  }
}

}  // namespace emilua::scan
