#include "tools/scan/input.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <boost/endian/conversion.hpp>
#include <cstdio>
#include <limits>
#include <new>
#include <type_traits>
#include <utility>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "tools/command_line/standard_output.h"
#include "tools/command_line/start.h"

namespace emilua::scan {

using scanner::outcome;

namespace {

constexpr std::size_t buffer_size = std::size_t{128} << 10;
const std::string standard_input = "-";

scanner::record_separator separator_of(const settings& how) {
  if (how.record_pattern) return {.pattern = &*how.record_pattern};
  return {.literal = how.record_separator};
}

char csv_separator(const settings& how) {
  return how.field_separator.empty() ? ',' : how.field_separator.front();
}

}  // namespace

input::input(const settings& how, std::vector<std::string> files)
    : how_(how),
      files_(std::move(files)),
      file_(&standard_input),
      memory_(buffer_size),
      separator_(separator_of(how)),
      words_(how.what == format::text && !how.field_pattern && how.field_separator.empty()),
      csv_(csv_separator(how)) {
  if (files_.empty()) files_.push_back(standard_input);
  if (how.field_pattern) {
    rule_.separator = &*how.field_pattern;
  } else if (!how.field_separator.empty()) {
    rule_.literal = how.field_separator;
  } else if (how.what == format::tsv) {
    rule_.literal = "\t";
  }
}

input::~input() = default;

// --- files ---------------------------------------------------------------------------------------

void input::complain(const char* what, int error) {
  incomplete_ = true;
  // Behind what was found in other files.
  tools::flush_standard_output();
  tools::complain("scan",
                  std::string{what} + ": " + *file_ + ": " + base::system_error(error).message());
}

bool input::open_next() {
  while (next_file_ != files_.size()) {
    file_ = &files_[next_file_++];
    if (*file_ == standard_input) {
      fd_ = STDIN_FILENO;
    } else {
      descriptor_.reset(
          base::retry([&] { return ::open(file_->c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY); }));
      fd_ = descriptor_.get();
    }
    if (fd_ == -1) {
      complain("open", errno);
      continue;
    }
    const auto status = base::status_of(fd_);
    waits_ = !status || !S_ISREG(status->st_mode);
    if (!waits_) static_cast<void>(::posix_fadvise(fd_, 0, 0, POSIX_FADV_SEQUENTIAL));
    records_.adopt(memory_, 0, 0);
    csv_.adopt(memory_);
    record_number_ = 0;
    return true;
  }
  return false;
}

// Nothing where the file is at its end, or cannot be read.
std::optional<std::size_t> input::read(std::span<char> room) {
  if (waits_) {
    // Who reads our output does not wait for it as long as we wait for input.
    pollfd ready{fd_, POLLIN, 0};
    if (::poll(&ready, 1, 0) == 0) tools::flush_standard_output();
  }
  const ssize_t n = base::retry([&] { return ::read(fd_, room.data(), room.size()); });
  if (n == -1) complain("read", errno);
  if (n <= 0) return std::nullopt;
  return static_cast<std::size_t>(n);
}

// --- records -------------------------------------------------------------------------------------

progress input::fail(std::string reason) noexcept {
  failure_ = std::move(reason);
  return progress::failed;
}

progress input::fail_next(std::string reason) noexcept {
  ++record_number_;
  return fail(std::move(reason));
}

void input::take(std::string_view record) noexcept {
  if (how_.trim) record = scanner::trimmed(record, scanner::white_space);
  if (how_.what == format::tsv && record.ends_with('\r')) record.remove_suffix(1);
  view_ = {.data = record.data(), .size = static_cast<std::uint32_t>(record.size())};
  all_known_ = begun_ = false;
}

// What the end of a file leaves, or the next record once there is more.
template <class Records, class Search>
base::result<outcome> input::advance(Records& records, Search search, bool& at_end) {
  if (const auto size = read(records.room())) {
    records.commit(*size);
    return search();
  }
  at_end = true;
  if constexpr (std::is_same_v<Records, csv_records>)
    return records.finish();
  else
    return records.finish(separator_);
}

template <class Records, class Next, class Search>
progress input::next_of(Records& records, Next next, Search search) {
  if (fd_ == -1 && !open_next()) return progress::end;
  bool at_end = false;
  for (base::result<outcome> found = next();;) {
    if (!found) return fail_next("record separator: " + found.error().message());
    switch (*found) {
      case outcome::record:
        take(records.record());
        return ++record_number_ == 1 ? progress::first_record : progress::record;
      case outcome::more:
        found = advance(records, search, at_end);
        break;
      case outcome::grow: {
        std::vector<char> larger(records.wanted(longest_record));
        records.move_to(larger);
        memory_.swap(larger);
        found = search();
        break;
      }
      case outcome::too_long:
        if (at_end) return fail_next("a quoted field is not closed");
        return fail_next("longer than " + std::to_string(longest_record >> 20) + " MiB");
      case outcome::end:
        fd_ = -1;
        descriptor_.reset();
        if (!open_next()) return progress::end;
        at_end = false;
        found = next();
    }
  }
}

progress input::next() noexcept {
  try {
    view_ = {};
    all_known_ = true;
    if (how_.what == format::csv)
      return next_of(
          csv_, [this] { return csv_.next(longest_record); },
          [this] { return csv_.search(longest_record); });
    return next_of(
        records_, [this] { return records_.next(separator_, longest_record); },
        [this] { return records_.search(separator_, longest_record); });
  } catch (const std::bad_alloc&) {
    return fail("out of memory");
  }
}

// --- fields --------------------------------------------------------------------------------------

bool input::begin_fields() {
  begun_ = true;
  std::string_view text{view_.data, view_.size};
  fields_.clear();
  if (how_.what == format::csv) {
    all_known_ = true;
    const std::size_t bad = csv_split(text, csv_separator(how_), scratch_, fields_);
    if (bad != 0) failure_ = "text after the closing quote of field " + std::to_string(bad);
    return bad == 0;
  }
  text_ = text;
  at_ = 0;
  if (text.empty()) {
    all_known_ = true;
    return true;
  }
  if (words_) return true;
  cursor_.emplace(text, rule_);
  return how_.what != format::tsv || find_fields(all_fields);
}

void input::add_field(std::string_view text) {
  fields_.push_back({text.data(), static_cast<std::uint32_t>(text.size())});
}

namespace {

bool is_blank(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

// The end of the word at `at`. Words are short: eight bytes are looked at together.
std::size_t end_of_word(std::string_view text, std::size_t at) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101;
  while (text.size() - at >= 8) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data()) + at;
    const std::uint64_t eight = boost::endian::load_little_u64(bytes);
    // The highest bit of the first byte that is at most a space; not to be relied on behind that.
    const std::uint64_t low = (eight - ones * 0x21) & ~eight & (ones * 0x80);
    if (low == 0) {
      at += 8;
      continue;
    }
    at += static_cast<std::size_t>(std::countr_zero(low)) / 8;
    if (is_blank(text[at])) return at;
    ++at;
  }
  while (at != text.size() && !is_blank(text[at])) ++at;
  return at;
}

}  // namespace

void input::find_words(std::uint32_t number) {
  while (fields_.size() < number) {
    while (at_ != text_.size() && is_blank(text_[at_])) ++at_;
    if (at_ == text_.size()) {
      all_known_ = true;
      return;
    }
    const std::size_t begin = at_;
    at_ = end_of_word(text_, begin);
    add_field(text_.substr(begin, at_ - begin));
  }
}

// There are that many fields then, unless there are no more.
bool input::find_fields(std::uint32_t number) {
  if (words_ && !all_known_) find_words(number);
  while (!all_known_ && fields_.size() < number) {
    const auto another = cursor_->next();
    if (!another) {
      failure_ = "field separator: " + another.error().message();
      return false;
    }
    if (*another) {
      const regex::range found = cursor_->field();
      at_ = found.end;
      add_field(text_.substr(found.begin, found.size()));
      continue;
    }
    // An expression's cursor does not count the empty field behind the last separator.
    if (how_.field_pattern && at_ != text_.size()) add_field(text_.substr(text_.size()));
    if (how_.what == format::tsv) tsv_unescape(scratch_, fields_);
    all_known_ = true;
  }
  return true;
}

progress input::find_field(std::uint32_t number) noexcept {
  try {
    if (!all_known_) {
      if (!begun_ && !begin_fields()) return progress::failed;
      if (!find_fields(number)) return progress::failed;
      view_.fields = fields_.data();
      view_.known = static_cast<std::uint32_t>(fields_.size());
    }
    return number <= view_.known ? progress::record : progress::end;
  } catch (const std::bad_alloc&) {
    return fail("out of memory");
  }
}

namespace {

constexpr double not_usual = std::numeric_limits<double>::quiet_NaN();

// Exact as long as the digits are, and the power of ten.
double usual_number(std::string_view text) noexcept {
  constexpr double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                               1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                               1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  std::uint64_t digits = 0;
  std::size_t count = 0, behind_point = 0;
  bool point = false;
  for (const char c : text) {
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') return not_usual;
    digits = digits * 10 + static_cast<unsigned>(c - '0');
    behind_point += point;
    ++count;
  }
  if (count == 0 || count > 18 || digits >> 53 != 0) return not_usual;
  const double value = static_cast<double>(digits) / powers[behind_point];
  return negative ? -value : value;
}

}  // namespace

double input::number(std::uint32_t field_number) noexcept {
  if (view_.known < field_number && find_field(field_number) != progress::record) return not_usual;
  const field& f = view_.fields[field_number - 1];
  return usual_number({f.data, f.size});
}

}  // namespace emilua::scan
