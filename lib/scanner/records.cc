#include "lib/scanner/records.h"

#include <algorithm>
#include <cstring>
namespace emilua::scanner {

using regex::match_flags;

namespace {

constexpr std::uint64_t steps_of_scan = 32;
constexpr std::uint64_t many_steps = std::uint64_t{1} << 20;

}  // namespace

void record_splitter::adopt(std::span<char> memory, std::size_t begin, std::size_t end) noexcept {
  memory_ = memory;
  begin_ = begin;
  end_ = end;
  has_record_ = false;
}

void record_splitter::remove_record() noexcept {
  if (!has_record_) return;
  has_record_ = false;
  begin_ = searched_ = next_;
}

bool record_splitter::follow(std::string_view literal) noexcept {
  if (end_ - next_ <= few_bytes) return false;
  const place before = current();
  begin_ = searched_ = next_;
  if (find(literal)) return true;
  return_to(before);
  return false;
}

void record_splitter::return_to(const place& record) noexcept {
  begin_ = searched_ = record.begin;
  record_end_ = record.record_end;
  next_ = record.next;
  has_record_ = true;
}

void record_splitter::drop() noexcept {
  remove_record();
  if (begin_ != 0 && end_ - begin_ <= few_bytes) to_front();
  searched_ = begin_;
  if (steps_ > many_steps) matcher_.reset();  // with its memory
  steps_ = 0;
}

void record_splitter::to_front() noexcept {
  if (begin_ != end_) std::memmove(memory_.data(), memory_.data() + begin_, end_ - begin_);
  searched_ -= std::min(searched_, begin_);
  end_ -= begin_;
  begin_ = 0;
}

outcome record_splitter::take(std::size_t record_end, std::size_t next) noexcept {
  record_end_ = record_end;
  next_ = next;
  has_record_ = true;
  return outcome::record;
}

bool record_splitter::find(std::string_view literal) noexcept {
  const char* from = memory_.data() + searched_;
  const std::size_t size = end_ - searched_;
  if (size < literal.size()) return false;
  const void* found = literal.size() == 1 ? std::memchr(from, literal.front(), size)
                                          : ::memmem(from, size, literal.data(), literal.size());
  if (found == nullptr) {
    searched_ = end_ - (literal.size() - 1);
    return false;
  }
  const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - memory_.data());
  (void)take(at, at + literal.size());
  return true;
}

// With the steps that are left for this record.
regex::matcher& record_splitter::matcher_for(const regex::expression& pattern,
                                             std::string_view subject) {
  const std::uint64_t steps = regex::usual_steps(subject.size());
  const std::uint64_t left = steps - std::min(steps, steps_);
  if (matcher_ && pattern_ == &pattern) {
    matcher_->reset(subject, left);
  } else {
    matcher_.emplace(pattern, subject, left);
    pattern_ = &pattern;
  }
  return *matcher_;
}

base::result<outcome> record_splitter::find(const regex::expression& pattern, bool at_end) {
  constexpr auto flags = match_flags::not_null | match_flags::not_bol | match_flags::not_eol |
                         match_flags::not_bow | match_flags::not_eow;
  const std::string_view subject = unread();
  regex::matcher& matcher = matcher_for(pattern, subject);
  const std::uint64_t steps = matcher.steps_left();
  const std::size_t from = searched_ - begin_;
  bool found = false;
  if (at_end) {
    const auto result = matcher.search(from, flags);
    if (!result) return result.error();
    found = *result;
  } else {
    const auto result = matcher.scan(from, flags);
    if (!result) return result.error();
    found = result->found;
    searched_ = begin_ + result->resume;
    // What is looked at in vain is looked at again when more comes: the matcher does not count
    // that.
    if (!found) steps_ += steps_of_scan + (end_ - searched_) / 4;
  }
  steps_ += steps - matcher.steps_left();
  if (!found) return outcome::more;
  const regex::range match = *matcher.group(0);
  return take(begin_ + match.begin, begin_ + match.end);
}

base::result<outcome> record_splitter::search(const record_separator& separator,
                                              std::size_t limit) {
  if (separator.pattern == nullptr) {
    if (find(separator.literal)) return outcome::record;
  } else if (searched_ != end_) {
    const auto found = find(*separator.pattern, false);
    if (!found || *found == outcome::record) return found;
  }
  return make_room(limit);
}

base::result<outcome> record_splitter::finish(const record_separator& separator) {
  if (separator.pattern != nullptr && searched_ != end_) {
    const auto found = find(*separator.pattern, true);
    if (!found || *found == outcome::record) return found;
  }
  if (begin_ == end_) return outcome::end;
  return take(end_, end_);
}

outcome record_splitter::make_room(std::size_t limit) noexcept {
  const bool full = end_ == memory_.size();
  if (begin_ != 0 && (full || end_ - begin_ <= begin_)) {
    to_front();
    return outcome::more;
  }
  if (!full) return outcome::more;
  return wanted(limit) > memory_.size() ? outcome::grow : outcome::too_long;
}

std::size_t record_splitter::wanted(std::size_t limit) const noexcept {
  const std::size_t size = memory_.size();
  if (size == 0) return std::min(least_capacity, limit);
  return size > limit / 2 ? std::max(limit, size) : 2 * size;
}

void record_splitter::move_to(std::span<char> memory) noexcept {
  if (begin_ != end_) std::memcpy(memory.data(), memory_.data() + begin_, end_ - begin_);
  memory_ = memory;
  searched_ -= begin_;
  end_ -= begin_;
  begin_ = 0;
}

}  // namespace emilua::scanner
