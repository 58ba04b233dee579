#include "lib/regex/builder.h"

#include <utility>

#include "lib/regex/callouts.h"

namespace emilua::regex {
namespace {

constexpr std::string_view hex = "0123456789abcdef";

bool is_alphanumeric(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

void append_byte(std::string& to, unsigned char byte) {
  if (is_alphanumeric(byte)) {
    to += static_cast<char>(byte);
    return;
  }
  to += "\\x";
  to += hex[byte >> 4];
  to += hex[byte & 15];
}

// Always of one length, so that the number can be changed.
std::string callout_text(std::uint32_t number) {
  const std::string digits = std::to_string(number);
  return "(?C" + std::string(3 - digits.size(), '0') + digits + ")";
}

constexpr std::size_t callout_digits = 3;  // where they are in it

std::string_view opening(group_kind kind) {
  switch (kind) {
    case group_kind::capture:
      return "(";
    case group_kind::plain:
      return "(?:";
    case group_kind::lookahead:
      return "(?=";
    case group_kind::negative_lookahead:
      return "(?!";
  }
  return {};
}

std::string quantifier(const repetition& times) {
  std::string result;
  if (times.min == 0 && !times.max) {
    result = "*";
  } else {
    result = "{" + std::to_string(times.min);
    if (times.max != times.min) result += ',';
    if (times.max && *times.max != times.min) result += std::to_string(*times.max);
    result += '}';
  }
  if (times.lazy && times.max != times.min) result += '?';
  return result;
}

}  // namespace

builder::builder() : groups_(1) {}

void builder::atom(std::string_view piece) {
  if (line_ >= callout::straight_line) callout(callout::step);
  ++line_;
  ++parts_;
  run_.reset();
  atom_ = text().size();
  atom_is_group_ = atom_varies_ = repeated_ = false;
  text() += piece;
}

void builder::assertion(std::string_view piece) {
  atom(piece);
  atom_ = std::string::npos;
}

void builder::callout(std::uint32_t number) {
  end_head();
  stale_ = false;
  line_ = 0;
  text() += callout_text(number);
}

void builder::end_head() {
  if (in_head_) groups_.back().heads += line_;
  in_head_ = false;
}

void builder::literal(unsigned char byte) {
  std::string piece;
  append_byte(piece, byte);
  atom(piece);
  run_ = byte_run{byte_set{}.set(byte)};
}

void builder::set(const byte_set& bytes, bool negated) {
  set_atom(bytes, negated);
  run_ = byte_run{negated ? ~bytes : bytes};
}

void builder::set_atom(const byte_set& bytes, bool negated) {
  if (bytes.none()) {
    atom(negated ? "." : "(?!)");
    return;
  }
  if (bytes.all() && !negated) {
    atom(".");
    return;
  }
  std::string piece = negated ? "[^" : "[";
  for (unsigned first = 0; first != bytes.size(); ++first) {
    if (!bytes[first]) continue;
    unsigned last = first;
    while (last + 1 != bytes.size() && bytes[last + 1]) ++last;
    append_byte(piece, static_cast<unsigned char>(first));
    if (last > first + 1) piece += '-';
    if (last > first) append_byte(piece, static_cast<unsigned char>(last));
    first = last;
  }
  atom(piece + "]");
}

void builder::anchor(char c) { assertion({&c, 1}); }

void builder::word_boundary(bool negated) {
  result_.looks_back = true;
  assertion(negated ? "(?:\\B|" + callout_text(callout::no_boundary) + ")"
                    : "\\b" + callout_text(callout::boundary));
}

void builder::back_reference(unsigned index) {
  result_.has_back_references = true;
  const std::string number = std::to_string(index);
  end_head();
  stale_ = false;
  line_ = 0;
  text() += "(?C{" + number + "})";
  atom("\\g{" + number + "}");
}

bool builder::open(group_kind kind) {
  if (groups_.size() > max_nesting) return false;
  ++parts_;
  if (kind == group_kind::capture) ++result_.group_count;
  end_head();
  group next{.kind = kind, .begin = text().size()};
  text() += opening(kind);
  next.digits = text().size() + callout_digits;
  text() += callout_text(callout::weight);
  groups_.push_back(next);
  line_ = 0;
  in_head_ = true;
  stale_ = false;
  atom_ = std::string::npos;
  return true;
}

void builder::alternative() {
  end_head();
  ++parts_;
  groups_.back().has_branches = alternates_ = true;
  text() += '|';
  line_ = 0;
  in_head_ = true;
  stale_ = true;
  atom_ = std::string::npos;
}

void builder::close() {
  end_head();
  const group last = groups_.back();
  groups_.pop_back();
  text() += ')';
  text().replace(last.digits, 3, callout_text(callout::weight_of(last.heads)), callout_digits, 3);
  groups_.back().varies |= last.varies;
  in_head_ = false;
  stale_ = last.has_branches;
  line_ = 0;
  if (last.kind == group_kind::lookahead || last.kind == group_kind::negative_lookahead) {
    callout(callout::step);  // back at where it began
    atom_ = std::string::npos;
  } else {
    atom_ = last.begin;
    atom_is_group_ = true;
    atom_varies_ = last.varies;
    repeated_ = false;
  }
}

bool builder::repeat(const repetition& times) {
  const bool varies = times.max != times.min;
  if (run_ && times.min == 1 && !times.max && !times.lazy)
    run_->repeats = true;
  else
    run_.reset();
  if (repeated_) {
    if (++repeated_again_ > max_nesting) return false;
    text().insert(atom_, "(?:");
    text() += ')';
    atom_is_group_ = true;
  }
  if (!atom_is_group_) before_loop(times, varies);
  text() += quantifier(times);
  if (!atom_is_group_) line_ += times.min;
  if (atom_varies_) ++varying_;  // what is repeated varies: the same as two that do
  repeated_ = true;
  if (varies) {
    ++varying_;
    groups_.back().varies = atom_varies_ = true;
    callout(callout::step);
  }
  return true;
}

// Counts what a loop takes before it gets to the callout behind it.
void builder::before_loop(const repetition& times, bool varies) {
  std::uint32_t number = callout::step;
  if (times.min > callout::bytes_in_step)
    number = callout::weight_of(times.min);
  else if (!varies || !stale_)
    return;
  end_head();
  stale_ = false;
  line_ = 1;
  text().insert(atom_, callout_text(number));
  atom_ += callout_text(number).size();
}

translation builder::finish() && {
  end_head();
  const group& all = groups_.front();
  std::string head = callout_text(callout::start);
  if (all.has_branches) head += "(?:" + callout_text(callout::weight_of(all.heads));
  text().insert(0, head);
  if (all.has_branches) text() += ')';
  text() += callout_text(callout::finish);
  result_.greedy_is_longest = !alternates_ && varying_ <= 1 && !result_.has_back_references;
  if (parts_ == 1) result_.run = run_;
  return std::move(result_);
}

}  // namespace emilua::regex
