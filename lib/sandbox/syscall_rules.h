// What a program may ask of the kernel, as plain values: promises, and rules for single calls.
//
//   syscall_policy policy;
//   policy.promises = *parse_promises("stdio rpath");
//   policy.deny.push_back({.name = "getrandom", .action = *parse_action("errno:ENOSYS")});
//
// Which rule decides: the first that matches in `deny`, then the first in `allow`, then the calls
// that are always rejected, then the promises, then `otherwise`. A rule matches when all its tests
// do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/sandbox/promises.h"

namespace emilua::sandbox {

enum class comparison : unsigned char {
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  masked_equal,  // (argument & mask) == value
};

// Arguments are compared as unsigned numbers of 64 bits. Of most the kernel looks at 32 only: a
// test that must not be evaded masks the upper half away.
struct argument_test {
  unsigned index;  // 0 to 5; each at most once in a rule
  comparison op;
  std::uint64_t value;
  std::uint64_t mask = ~std::uint64_t{0};  // of masked_equal
  friend bool operator==(const argument_test&, const argument_test&) = default;
};

inline constexpr int largest_error = 4095;  // the kernel's MAX_ERRNO

struct syscall_action {
  enum class kind : unsigned char {
    allow,
    kill,         // the process, by SIGSYS
    kill_thread,  // the calling thread
    error,        // the call is not made and fails with `error`
    log,          // allowed, and written to the kernel's log
    trap,         // SIGSYS, which the program may handle
    notify,       // a supervisor answers: see install_notifying_filter
  };
  kind what = kind::allow;
  int error = 0;  // of kind::error: 1 to largest_error
  friend bool operator==(const syscall_action&, const syscall_action&) = default;
};

struct syscall_rule {
  std::string name;
  std::vector<argument_test> tests = {};
  // What happens to a call that matches: in `allow` it is allowed unless something else is said; in
  // `deny` it is refused as unnamed calls are, or by an action that refuses.
  std::optional<syscall_action> action = {};
  // For profiles written for many kernels: a name that is not known is left out and reported.
  bool optional = false;
  friend bool operator==(const syscall_rule&, const syscall_rule&) = default;
};

struct syscall_policy {
  promise_set promises = {};
  std::vector<syscall_rule> allow = {};
  std::vector<syscall_rule> deny = {};
  // What happens to all other calls: kill, or error EPERM when promise::error is there.
  std::optional<syscall_action> otherwise = {};
  // An array of sock_filter, for experts: a filter of its own, of which the stricter answer holds.
  // Alone in a policy it stands for itself, without the calls that are always rejected.
  std::string raw = {};
  friend bool operator==(const syscall_policy&, const syscall_policy&) = default;
};

// "==" "~=" "<" "<=" ">" ">=" "&=="
[[nodiscard]] std::optional<comparison> parse_comparison(std::string_view text) noexcept;
[[nodiscard]] std::string_view comparison_name(comparison op) noexcept;

// "allow" "kill" "kill_thread" "errno:EPERM" "errno:1" "log" "trap" "notify"
[[nodiscard]] std::optional<syscall_action> parse_action(std::string_view text) noexcept;
[[nodiscard]] std::string action_name(const syscall_action& action);

}  // namespace emilua::sandbox
