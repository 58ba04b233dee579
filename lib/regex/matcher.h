// Matches an expression against one subject.
//
//   regex::matcher m{expression, subject};
//   for (std::size_t from = 0; *m.search(from); from = m.group(0)->end) …   // none is empty, here
//
// `basic` and `extended` find the leftmost-longest match, `ecma` the leftmost-first. Groups are
// filled as by a search from the left in which the first alternatives and the greatest repetitions
// win, among the ways to match that extent.
//
// No pattern or subject takes unbounded time or memory: steps are counted, over all calls to one
// matcher, and end with `complexity` beyond usual_steps() (about a second, and one more for each
// two MiB of subject); memory beyond some 64 MiB ends with `stack`. How POSIX matches are found,
// and what these limits mean for them:
//
//   1. A backtracking search finds where the leftmost match starts.
//   2. Unless that must be the longest there, all ways to match at this place are tried, as long as
//      they are few.
//   3. If they are many, PCRE2's DFA matcher finds the extent, whatever there is to try; and if
//      groups are wanted, a backtracking match that must end there fills them.
//   4. If the search itself runs out of its share of steps or memory, the DFA matcher does that,
//      too. So without groups a POSIX expression fails only by its size times the subject's.
//   With back references, which the DFA matcher does not know, steps 3 and 4 are not there: all
//   ways are tried, until there are too many.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/regex/expression.h"

struct pcre2_callout_block_8;
struct pcre2_real_jit_stack_8;
struct pcre2_real_match_context_8;
struct pcre2_real_match_data_8;

namespace emilua::regex {

// The numbers are seen by programs.
enum class match_flags : std::uint32_t {
  none = 0,
  not_bol = 1,     // ^ does not match at the beginning of the subject
  not_eol = 2,     // $ does not match at its end
  not_bow = 4,     // \b does not match at its beginning
  not_eow = 8,     // \b does not match at its end
  any = 16,        // any match will do: not only the longest
  not_null = 32,   // not an empty one
  continuous = 64  // only at the place where the search begins
};

inline constexpr std::uint32_t all_match_flags = 127;

constexpr match_flags operator|(match_flags a, match_flags b) noexcept {
  return static_cast<match_flags>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
constexpr bool has(match_flags set, match_flags flag) noexcept {
  return (static_cast<std::uint32_t>(set) & static_cast<std::uint32_t>(flag)) != 0;
}

struct range {
  std::size_t begin;
  std::size_t end;

  [[nodiscard]] std::size_t size() const noexcept { return end - begin; }
  friend bool operator==(const range&, const range&) = default;
};

struct scan_result {
  bool found;
  // If not: where to search again once there is more; no match begins before. The byte before it
  // may still matter (expression::lookbehind).
  std::size_t resume;
};

// A step takes some ten nanoseconds.
constexpr std::uint64_t usual_steps(std::size_t subject_size) noexcept {
  return (std::uint64_t{1} << 26) + 64 * std::uint64_t{subject_size};
}

class matcher {
 public:
  // Both must outlive it, and the expression must stay where it is. Throws std::bad_alloc.
  matcher(const expression& e, std::string_view subject)
      : matcher(e, subject, usual_steps(subject.size())) {}
  matcher(const expression& e, std::string_view subject, std::uint64_t steps);
  matcher(const matcher&) = delete;
  matcher& operator=(const matcher&) = delete;
  ~matcher();

  // The same expression for another subject, with the memory that it has already.
  void reset(std::string_view subject, std::uint64_t steps) noexcept;

  // A match that begins at `from` or later; `from` is at most the subject's size.
  [[nodiscard]] base::result<bool> search(std::size_t from, match_flags flags = match_flags::none);

  // The whole subject.
  [[nodiscard]] base::result<bool> match(match_flags flags = match_flags::none);

  // As `search`, when more may follow the subject: finds only what stays a match whatever that is.
  [[nodiscard]] base::result<scan_result> scan(std::size_t from,
                                               match_flags flags = match_flags::none);

  // What is left of the steps, for another matcher that goes on where this one has stopped.
  [[nodiscard]] std::uint64_t steps_left() const noexcept { return left_; }

  // Of the last match; 0 is all of it. Nothing if the group took no part in it.
  [[nodiscard]] std::optional<range> group(unsigned index) const noexcept;

 private:
  enum class mode {
    first,    // the first match will do
    to_end,   // it must end at target_
    longest,  // every match is noted in groups_ if it is longer, and then refused
    states,   // the DFA matcher is at work
  };
  enum class verdict { no, yes, more };

  static int on_callout(pcre2_callout_block_8* block, void* self) noexcept;
  int callout(const pcre2_callout_block_8& block) noexcept;
  int finish(const pcre2_callout_block_8& block) noexcept;
  [[nodiscard]] int charge(std::uint64_t steps) noexcept;
  [[nodiscard]] std::uint64_t reference_cost(const pcre2_callout_block_8& block) const noexcept;

  [[nodiscard]] std::uint32_t options_of(match_flags flags) noexcept;
  [[nodiscard]] bool knows_states() const noexcept;
  base::result<verdict> find(std::size_t from, std::uint32_t options);
  base::result<verdict> extend(std::uint32_t options);
  base::result<verdict> find_by_states(std::size_t from, std::uint32_t options);
  base::result<verdict> fill(range extent, std::uint32_t options);
  base::result<verdict> to_verdict(int rc);
  static base::result<bool> is_match(const base::result<verdict>& found);

  int backtrack(std::size_t from, std::uint32_t options, mode how, std::uint64_t reserve);
  int run_states(std::size_t from, std::uint32_t options);
  bool get_jit_stack();
  void take_groups(const std::size_t* offsets, unsigned count);

  const expression& expression_;
  std::string_view subject_;
  std::unique_ptr<pcre2_real_match_context_8, void (*)(pcre2_real_match_context_8*)> context_;
  std::unique_ptr<pcre2_real_match_data_8, void (*)(pcre2_real_match_data_8*)> data_;
  std::unique_ptr<pcre2_real_jit_stack_8, void (*)(pcre2_real_jit_stack_8*)> jit_stack_;
  std::vector<int> workspace_;  // of the DFA matcher
  std::vector<range> groups_;   // begin is npos for those that took no part
  match_flags flags_ = match_flags::none;
  mode mode_ = mode::first;
  bool anchored_ = false;  // at 0
  std::size_t target_ = 0;
  std::size_t attempt_ = 0;       // where the last attempt began
  std::size_t position_ = 0;      // of the last callout
  std::uint64_t left_;            // steps: a callout, or some bytes of a loop
  std::uint64_t reserve_ = 0;     // of these, not for what is being done
  std::uint64_t state_cost_ = 1;  // what the DFA matcher may need for one byte
};

}  // namespace emilua::regex
