#include "lib/scanner/fields.h"

#include <algorithm>
#include <bit>
#include <boost/endian/conversion.hpp>

namespace emilua::scanner {

using regex::match_flags;

std::string_view trimmed(std::string_view text, std::string_view set) noexcept {
  const std::size_t begin = text.find_first_not_of(set);
  if (begin == text.npos) return text.substr(0, 0);
  return text.substr(begin, text.find_last_not_of(set) + 1 - begin);
}

field_cursor::field_cursor(std::string_view record, const field_rule& rule)
    : record_(record), literal_(rule.literal) {
  if (!literal_.empty()) {
    done_ = record.empty();
  } else if (rule.separator != nullptr) {
    if (const auto& run = rule.separator->run())
      run_ = &*run;
    else
      matcher_.emplace(*rule.separator, record);
  } else {
    pattern_ = true;
    matcher_.emplace(*rule.pattern, record);
  }
}

bool field_cursor::take_until_literal(std::size_t separator) noexcept {
  if (separator == record_.npos) {
    field_ = {from_, record_.size()};
    done_ = true;
  } else {
    field_ = {from_, separator};
    from_ = separator + literal_.size();
  }
  return true;
}

bool field_cursor::next_between_literals() noexcept {
  return take_until_literal(record_.find(literal_, from_));
}

// Fields are short: so that none costs a call of memchr, eight bytes are compared at once, and what
// is found there is kept for the fields to come.
bool field_cursor::next_between_bytes() noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101, low_bits = 0x7f7f7f7f7f7f7f7f;
  const auto separator = static_cast<unsigned char>(literal_.front());
  while (marks_ == 0) {
    if (record_.size() - marked_ < 8)
      return take_until_literal(record_.find(literal_.front(), std::max(from_, marked_)));
    const auto* bytes = reinterpret_cast<const unsigned char*>(record_.data()) + marked_;
    const std::uint64_t different = boost::endian::load_little_u64(bytes) ^ (ones * separator);
    // The highest bit of each byte that is zero.
    marks_ = ~(((different & low_bits) + low_bits) | different | low_bits);
    marked_ += 8;
  }
  const std::size_t at = marked_ - 8 + static_cast<std::size_t>(std::countr_zero(marks_)) / 8;
  marks_ &= marks_ - 1;
  return take_until_literal(at);
}

// The field up to a separator, which `next` is behind; none if it begins at the record's end.
bool field_cursor::take_until(std::size_t separator, std::size_t next) noexcept {
  field_ = {from_, separator};
  if (separator == record_.size()) {
    done_ = true;
    return from_ != separator || from_ == 0;
  }
  from_ = next;
  return true;
}

bool field_cursor::next_between_runs() noexcept {
  const auto is_separator = [this](std::size_t i) {
    return run_->bytes[static_cast<unsigned char>(record_[i])];
  };
  std::size_t at = from_;
  while (at != record_.size() && !is_separator(at)) ++at;
  std::size_t behind = at;
  if (behind != record_.size()) ++behind;
  if (run_->repeats)
    while (behind != record_.size() && is_separator(behind)) ++behind;
  return take_until(at, behind);
}

base::result<bool> field_cursor::next_separated() {
  const auto found = matcher_->search(from_, match_flags::not_null);
  if (!found) return found;
  if (!*found) return take_until(record_.size(), record_.size());
  const range separator = *matcher_->group(0);
  return take_until(separator.begin, separator.end);
}

base::result<bool> field_cursor::next_match() {
  if (after_empty_) {
    // Another match that begins here and is not empty, or go on with the next byte.
    after_empty_ = false;
    const auto here = matcher_->search(from_, match_flags::not_null | match_flags::continuous);
    if (!here) return here;
    if (*here) {
      field_ = *matcher_->group(0);
      from_ = field_.end;
      return true;
    }
    ++from_;
  }
  if (from_ > record_.size()) return false;
  const auto found = matcher_->search(from_);
  if (!found) return found;
  if (!*found) {
    done_ = true;
    return false;
  }
  field_ = *matcher_->group(0);
  from_ = field_.end;
  after_empty_ = field_.size() == 0;
  return true;
}

}  // namespace emilua::scanner
