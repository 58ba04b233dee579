// Which system calls each promise permits, and which none does: data, for the compiler of filters
// and for whoever explains or learns policies.
//
//   for (const permitted_call& entry : permitted_calls())
//     if (promises.contains(entry.needs)) …            // entry.names, entry.tests
//
// Calls that an architecture does not have are listed too.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "lib/sandbox/promises.h"
#include "lib/sandbox/syscall_rules.h"

namespace emilua::sandbox {

// Up to three tests, all of which must hold.
class test_list {
 public:
  template <class... Tests>
  constexpr test_list(Tests... tests) noexcept  // NOLINT: written as {test, test}
      : tests_{tests...}, count_(sizeof...(tests)) {}
  [[nodiscard]] constexpr const argument_test* begin() const noexcept { return tests_.data(); }
  [[nodiscard]] constexpr const argument_test* end() const noexcept { return begin() + count_; }

 private:
  std::array<argument_test, 3> tests_;
  std::size_t count_;
};

struct permitted_call {
  promise_set needs;       // all of them
  std::string_view names;  // with blanks between
  test_list tests = {};
};

[[nodiscard]] std::span<const permitted_call> permitted_calls() noexcept;

// futex_requeue(2) of Linux 6.7: behind it, nobody has looked for what belongs to which promise.
inline constexpr std::uint32_t newest_judged_call = 456;

// What is rejected although the default, or a promise for a whole family, might permit it.
struct rejected_call {
  enum class answer : unsigned char {
    refusal,     // as the policy refuses calls
    error,       // always `error`: the caller knows another way
    mild_error,  // `error` in place of being killed: programs try it at their start, or to see if
                 // it is there. Not when the policy names a default of its own.
  };
  std::string_view names;
  test_list tests = {};
  answer how = answer::refusal;
  int error = 0;
  // Not rejected when all promises of one of these are there.
  std::array<promise_set, 2> unless = {};
  // If not empty: only beside one of these promises.
  promise_set beside = {};
};

[[nodiscard]] std::span<const rejected_call> rejected_calls() noexcept;

}  // namespace emilua::sandbox
