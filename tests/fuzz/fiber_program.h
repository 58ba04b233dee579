// The programs of fiber_fuzz: what the bytes of an input mean.
//
// A program is a tree of operations, each run at most once: there are no loops, so that every
// program ends. Handles of fibers and coroutines are named by the order in which they came to be;
// mutexes, condition variables and futures are there from the start.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fiber_fuzz {

enum class op : std::uint8_t {
  end,  // of a block
  spawn,
  join,
  detach,
  interrupt,
  interruption_caught,
  joinable,
  yield,
  disable_interruption,
  restore_interruption,
  forbid_suspend,
  allow_suspend,
  lock,
  try_lock,
  unlock,
  recursive_lock,
  recursive_try_lock,
  recursive_unlock,
  wait,
  notify_one,
  notify_all,
  get,
  set_value,
  set_error,
  pcall,
  xpcall,
  scope,
  push,
  pop,
  create,
  wrap,
  resume,
  coroutine_yield,
  status,
  error,
  exit,
};
inline constexpr std::size_t op_count = static_cast<std::size_t>(op::exit) + 1;

[[nodiscard]] std::string_view name(op kind) noexcept;

// Whether a block follows: the body of a fiber or coroutine, a protected call, a handler…
[[nodiscard]] bool has_block(op kind) noexcept;

struct operation {
  op kind = op::yield;
  std::uint8_t argument = 0;
  int number = 0;  // in the order of the text; distinct
  std::vector<operation> block = {};
};

using block = std::vector<operation>;

struct limits {
  static constexpr std::size_t block_length = 12;
  static constexpr std::size_t operations = 120;
  static constexpr std::size_t depth = 7;
  static constexpr int fibers = 8;  // the main one included
};

// In the bytes an operation is its code, to which `guarded` may be added: it then stands alone in a
// pcall; an argument; and, where it has one, its block.
inline constexpr std::uint8_t guarded = 0x80;

[[nodiscard]] block decode(std::span<const std::uint8_t> bytes);

// One operation a line, for people.
[[nodiscard]] std::string to_text(const block& program, int indentation = 0);

// What an argument selects.
inline constexpr int mutex_count = 2;
inline constexpr int condition_count = 2;
inline constexpr int future_count = 2;

// Bodies, yields and resumptions give 0 to 3 values: none; n; n, nil; nil, n, nil.
[[nodiscard]] constexpr int value_count(std::uint8_t argument) noexcept { return argument % 4; }

// What `error` raises: a string, nil, a table, or the engine's own `interrupted`.
enum class error_kind : std::uint8_t { string, string_too, nil, table, interrupted };
[[nodiscard]] constexpr error_kind error_of(std::uint8_t argument) noexcept {
  return static_cast<error_kind>(argument % 5);
}

}  // namespace fiber_fuzz
