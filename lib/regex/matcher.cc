#include "lib/regex/matcher.h"

#include <pcre2.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <new>

#include "lib/regex/callouts.h"

namespace emilua::regex {
namespace {

constexpr std::size_t npos = std::string_view::npos;
constexpr std::uint64_t few = 2000;  // steps for trying all ways before the DFA matcher is asked
constexpr std::size_t jit_stack_size = std::size_t{32} << 20;
constexpr std::uint32_t heap_kib = 64 << 10;

// The states that the DFA matcher is given memory for, step by step. For each byte it compares each
// with all others.
constexpr std::size_t state_counts[] = {16, 64, 256, 1024};
constexpr std::size_t ints_for_state = 6;  // three in each of two lists
constexpr std::size_t ints_for_header = 2;

constexpr std::uint64_t cost_of_states(std::size_t count) { return 4 + count * count / 16; }

bool is_exhausted(int rc) {
  return rc == PCRE2_ERROR_MATCHLIMIT || rc == PCRE2_ERROR_HEAPLIMIT ||
         rc == PCRE2_ERROR_DEPTHLIMIT;
}

std::error_code to_error(int rc) {
  switch (rc) {
    case PCRE2_ERROR_MATCHLIMIT:
      return regex_errc::complexity;
    case PCRE2_ERROR_HEAPLIMIT:
    case PCRE2_ERROR_DEPTHLIMIT:
      return regex_errc::stack;
    case PCRE2_ERROR_NOMEMORY:
      return std::make_error_code(std::errc::not_enough_memory);
    default:  // PCRE2 and this file disagree
      return std::make_error_code(std::errc::state_not_recoverable);
  }
}

template <class T>
T* checked(T* memory) {
  if (memory == nullptr) throw std::bad_alloc{};
  return memory;
}

}  // namespace

matcher::matcher(const expression& e, std::string_view subject, std::uint64_t steps)
    : expression_(e),
      context_(checked(pcre2_match_context_create(nullptr)), pcre2_match_context_free),
      data_(checked(pcre2_match_data_create_from_pattern(e.code_.get(), nullptr)),
            pcre2_match_data_free),
      jit_stack_(nullptr, pcre2_jit_stack_free),
      groups_(std::size_t{e.group_count_} + 1, range{npos, npos}),
      left_(steps) {
  pcre2_set_callout(context_.get(), on_callout, this);
  pcre2_set_heap_limit(context_.get(), heap_kib);
  reset(subject, steps);
}

void matcher::reset(std::string_view subject, std::uint64_t steps) noexcept {
  subject_ = subject.data() != nullptr ? subject : "";
  left_ = steps;
  const auto limit = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(left_, std::numeric_limits<std::uint32_t>::max()));
  pcre2_set_match_limit(context_.get(), limit);
  pcre2_set_depth_limit(context_.get(), limit);
}

matcher::~matcher() = default;

std::optional<range> matcher::group(unsigned index) const noexcept {
  if (index >= groups_.size() || groups_[index].begin == npos) return std::nullopt;
  return groups_[index];
}

// --- callouts: PCRE2 goes on with 0, tries something else with 1, stops with an error
// -------------

int matcher::on_callout(pcre2_callout_block* block, void* self) noexcept {
  return static_cast<matcher*>(self)->callout(*block);
}

int matcher::charge(std::uint64_t steps) noexcept {
  if (steps >= left_ - reserve_) {
    left_ = reserve_;
    return PCRE2_ERROR_MATCHLIMIT;
  }
  left_ -= steps;
  return 0;
}

int matcher::callout(const pcre2_callout_block& block) noexcept {
  const std::size_t from = position_;
  position_ = block.current_position;
  std::uint64_t steps = 1;
  switch (block.callout_number) {
    case callout::start:
      attempt_ = position_;
      if (anchored_ && attempt_ != 0) return PCRE2_ERROR_NOMATCH;
      return charge(mode_ == mode::states ? state_cost_ : 1);
    case callout::boundary:
      if (position_ == 0 && has(flags_, match_flags::not_bow)) return 1;
      if (position_ == subject_.size() && has(flags_, match_flags::not_eow)) return 1;
      return 0;
    case callout::no_boundary:
      if (position_ == 0 && has(flags_, match_flags::not_bow)) return 0;
      return position_ == subject_.size() && has(flags_, match_flags::not_eow) ? 0 : 1;
    case callout::finish:
      break;
    case callout::string:
      steps += reference_cost(block);
      break;
    case callout::step:
      break;
    default:
      if (mode_ != mode::states)
        steps = std::uint64_t{1} << (block.callout_number - callout::weight);
  }
  if (position_ > from) {
    const std::size_t distance = position_ - from;
    steps += mode_ == mode::states ? distance * state_cost_ : distance / callout::bytes_in_step;
  }
  const int rc = charge(steps);
  return rc == 0 && block.callout_number == callout::finish ? finish(block) : rc;
}

std::uint64_t matcher::reference_cost(const pcre2_callout_block& block) const noexcept {
  std::size_t group = 0;
  const auto* text = reinterpret_cast<const char*>(block.callout_string);
  std::from_chars(text, text + block.callout_string_length, group);
  if (group >= block.capture_top) return 0;
  const std::size_t begin = block.offset_vector[2 * group];
  const std::size_t end = block.offset_vector[2 * group + 1];
  return begin < end && end != PCRE2_UNSET ? (end - begin) / callout::bytes_in_step : 0;
}

int matcher::finish(const pcre2_callout_block& block) noexcept {
  switch (mode_) {
    case mode::first:
    case mode::states:
      return 0;
    case mode::to_end:
      return position_ == target_ ? 0 : 1;
    case mode::longest:
      break;
  }
  const range found{block.start_match, position_};
  const bool counts = found.size() != 0 || !has(flags_, match_flags::not_null);
  if (counts && (groups_[0].begin == npos || found.end > groups_[0].end)) {
    take_groups(block.offset_vector, block.capture_top);
    groups_[0] = found;
    if (found.end == target_) return PCRE2_ERROR_CALLOUT;  // none is longer
  }
  return 1;
}

void matcher::take_groups(const std::size_t* offsets, unsigned count) {
  for (std::size_t i = 0; i != groups_.size(); ++i) {
    const bool took_part = i < count && offsets[2 * i] != PCRE2_UNSET;
    groups_[i] = took_part ? range{offsets[2 * i], offsets[2 * i + 1]} : range{npos, npos};
  }
}

// --- PCRE2 ---------------------------------------------------------------------------------------

bool matcher::get_jit_stack() {
  if (jit_stack_ != nullptr) return false;
  jit_stack_.reset(pcre2_jit_stack_create(std::size_t{32} << 10, jit_stack_size, nullptr));
  if (jit_stack_ == nullptr) return false;
  pcre2_jit_stack_assign(context_.get(), nullptr, jit_stack_.get());
  return true;
}

// Leaves `reserve` steps.
int matcher::backtrack(std::size_t from, std::uint32_t options, mode how, std::uint64_t reserve) {
  mode_ = how;
  reserve_ = std::min(reserve, left_);
  const auto run = [&](std::uint32_t more) {
    attempt_ = position_ = from;
    return pcre2_match(expression_.code_.get(), reinterpret_cast<PCRE2_SPTR>(subject_.data()),
                       subject_.size(), from, options | more, data_.get(), context_.get());
  };
  int rc = run(0);
  if (rc == PCRE2_ERROR_JIT_STACKLIMIT && get_jit_stack()) rc = run(0);
  if (rc == PCRE2_ERROR_JIT_STACKLIMIT) rc = run(PCRE2_NO_JIT);
  if (rc >= 0 && how != mode::longest)
    take_groups(pcre2_get_ovector_pointer(data_.get()), static_cast<unsigned>(rc));
  return rc;
}

int matcher::run_states(std::size_t from, std::uint32_t options) {
  mode_ = mode::states;
  reserve_ = 0;
  int rc = PCRE2_ERROR_MATCHLIMIT;
  for (const std::size_t count : state_counts) {
    workspace_.resize(std::max(workspace_.size(), ints_for_header + ints_for_state * count));
    state_cost_ = cost_of_states(count);
    attempt_ = position_ = from;
    rc = pcre2_dfa_match(expression_.code_.get(), reinterpret_cast<PCRE2_SPTR>(subject_.data()),
                         subject_.size(), from, options, data_.get(), context_.get(),
                         workspace_.data(), ints_for_header + ints_for_state * count);
    if (rc != PCRE2_ERROR_DFA_WSSIZE) return rc;
  }
  return PCRE2_ERROR_MATCHLIMIT;
}

base::result<matcher::verdict> matcher::to_verdict(int rc) {
  if (rc >= 0) return verdict::yes;
  if (rc == PCRE2_ERROR_NOMATCH) return verdict::no;
  if (rc == PCRE2_ERROR_PARTIAL) {
    attempt_ = pcre2_get_ovector_pointer(data_.get())[0];
    return verdict::more;
  }
  return to_error(rc);
}

base::result<bool> matcher::is_match(const base::result<verdict>& found) {
  if (!found) return {boost::system::in_place_error, found.error()};
  return *found == verdict::yes;
}

// --- searching -----------------------------------------------------------------------------------

std::uint32_t matcher::options_of(match_flags flags) noexcept {
  flags_ = flags;
  anchored_ = false;
  target_ = subject_.size();
  std::uint32_t options = 0;
  if (has(flags, match_flags::not_bol)) options |= PCRE2_NOTBOL;
  if (has(flags, match_flags::not_eol)) options |= PCRE2_NOTEOL;
  if (has(flags, match_flags::not_null)) options |= PCRE2_NOTEMPTY;
  if (has(flags, match_flags::continuous)) options |= PCRE2_ANCHORED;
  return options;
}

// Whether the DFA matcher can stand in.
bool matcher::knows_states() const noexcept {
  return expression_.is_posix() && !expression_.has_back_references_;
}

base::result<bool> matcher::search(std::size_t from, match_flags flags) {
  return is_match(find(from, options_of(flags)));
}

base::result<scan_result> matcher::scan(std::size_t from, match_flags flags) {
  expression_.prepare_scan();
  const auto found = find(from, options_of(flags) | PCRE2_PARTIAL_HARD);
  if (!found) return found.error();
  return scan_result{.found = *found == verdict::yes,
                     .resume = *found == verdict::more ? attempt_ : subject_.size()};
}

base::result<matcher::verdict> matcher::find(std::size_t from, std::uint32_t options) {
  const bool states = knows_states();
  const int rc = backtrack(from, options, mode::first, states ? left_ - left_ / 4 : 0);
  if (is_exhausted(rc) && states) return find_by_states(attempt_, options);
  const auto found = to_verdict(rc);
  if (!found || *found != verdict::yes) return found;
  const bool longest = !expression_.is_posix() || expression_.greedy_is_longest_ ||
                       has(flags_, match_flags::any) ||
                       (groups_[0].end == subject_.size() && (options & PCRE2_PARTIAL_HARD) == 0);
  if (longest) return found;
  return extend(options | PCRE2_ANCHORED);
}

// Makes the match in groups_ the longest at its place.
base::result<matcher::verdict> matcher::extend(std::uint32_t options) {
  const bool states = knows_states();
  if ((options & PCRE2_PARTIAL_HARD) != 0) target_ = npos;
  const std::size_t at = groups_[0].begin;
  groups_[0] = {npos, npos};
  const int rc = backtrack(at, options, mode::longest, states ? left_ - std::min(left_, few) : 0);
  if (rc == PCRE2_ERROR_CALLOUT || rc == PCRE2_ERROR_NOMATCH) return verdict::yes;
  if (is_exhausted(rc) && states) return find_by_states(at, options);
  return to_verdict(rc);
}

base::result<matcher::verdict> matcher::find_by_states(std::size_t from, std::uint32_t options) {
  const auto found = to_verdict(run_states(from, options));
  if (!found || *found != verdict::yes) return found;
  const std::size_t* offsets = pcre2_get_ovector_pointer(data_.get());
  return fill({offsets[0], offsets[1]}, options);
}

// Finds the groups of a match of which the extent is known.
base::result<matcher::verdict> matcher::fill(range extent, std::uint32_t options) {
  if (expression_.mark_count() != 0) {
    target_ = extent.end;
    const std::uint32_t all = (options | PCRE2_ANCHORED) & ~std::uint32_t{PCRE2_PARTIAL_HARD};
    const int rc = backtrack(extent.begin, all, mode::to_end, 0);
    if (rc < 0) return to_error(rc);
  }
  groups_[0] = extent;
  return verdict::yes;
}

base::result<bool> matcher::match(match_flags flags) {
  const std::uint32_t options = options_of(flags) & ~std::uint32_t{PCRE2_ANCHORED};
  const bool states = knows_states();
  anchored_ = true;  // not by PCRE2_ANCHORED, of which machine code knows nothing
  const int rc = backtrack(0, options, mode::to_end, states ? left_ - left_ / 4 : 0);
  auto found = to_verdict(rc);
  if (is_exhausted(rc) && states) {
    const range all{0, subject_.size()};
    found = to_verdict(run_states(0, options | PCRE2_ANCHORED));
    // A match of the whole subject is the longest one.
    if (found && *found == verdict::yes)
      found =
          pcre2_get_ovector_pointer(data_.get())[1] == all.end ? fill(all, options) : verdict::no;
  }
  return is_match(found);
}

}  // namespace emilua::regex
