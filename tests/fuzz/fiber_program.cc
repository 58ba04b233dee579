#include "tests/fuzz/fiber_program.h"

#include <array>
#include <utility>

namespace fiber_fuzz {
namespace {

constexpr std::array<std::string_view, op_count> names = {
    "end",
    "spawn",
    "join",
    "detach",
    "interrupt",
    "interruption_caught",
    "joinable",
    "yield",
    "disable_interruption",
    "restore_interruption",
    "forbid_suspend",
    "allow_suspend",
    "lock",
    "try_lock",
    "unlock",
    "recursive_lock",
    "recursive_try_lock",
    "recursive_unlock",
    "wait",
    "notify_one",
    "notify_all",
    "get",
    "set_value",
    "set_error",
    "pcall",
    "xpcall",
    "scope",
    "push",
    "pop",
    "create",
    "wrap",
    "resume",
    "coroutine_yield",
    "status",
    "error",
    "exit",
};

class decoder {
 public:
  explicit decoder(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  block list(std::size_t depth, bool in_handler) {
    block result;
    while (result.size() < limits::block_length && !bytes_.empty() && count_ < limits::operations) {
      const std::uint8_t code = next();
      const op kind = static_cast<op>((code & ~guarded) % op_count);
      if (kind == op::end) break;
      const bool guard = (code & guarded) != 0 && depth < limits::depth;
      operation o{.kind = guard ? op::pcall : kind, .argument = next(), .number = next_number()};
      if (guard)
        o.block.push_back(completed({.kind = kind, .argument = o.argument, .number = next_number()},
                                    depth + 1, in_handler));
      result.push_back(guard ? std::move(o) : completed(std::move(o), depth, in_handler));
    }
    return result;
  }

 private:
  // What stands in a place where it may not becomes a yield.
  operation completed(operation result, std::size_t depth, bool in_handler) {
    const op kind = result.kind;
    if (kind == op::spawn && ++fibers_ > limits::fibers) result.kind = op::yield;
    // A handler of a coroutine's root scope runs when that has ended: what a yield then leaves is
    // not specified.
    if (kind == op::coroutine_yield && in_handler) result.kind = op::yield;
    // Rarely: nothing comes after it.
    if (kind == op::exit && result.argument % 16 != 0) result.kind = op::yield;
    if (!has_block(result.kind)) return result;
    if (depth >= limits::depth) {
      result.kind = op::yield;
      return result;
    }
    const bool other_stack = kind == op::spawn || kind == op::create || kind == op::wrap;
    result.block = list(depth + 1, kind == op::push || (in_handler && !other_stack));
    return result;
  }

  int next_number() { return static_cast<int>(++count_); }

  std::uint8_t next() {
    if (bytes_.empty()) return 0;
    const std::uint8_t byte = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return byte;
  }

  std::span<const std::uint8_t> bytes_;
  std::size_t count_ = 0;
  int fibers_ = 1;
};

}  // namespace

std::string_view name(op kind) noexcept { return names[static_cast<std::size_t>(kind)]; }

bool has_block(op kind) noexcept {
  switch (kind) {
    case op::spawn:
    case op::pcall:
    case op::xpcall:
    case op::scope:
    case op::push:
    case op::create:
    case op::wrap:
      return true;
    default:
      return false;
  }
}

block decode(std::span<const std::uint8_t> bytes) { return decoder{bytes}.list(0, false); }

std::string to_text(const block& program, int indentation) {
  std::string text;
  for (const operation& o : program) {
    text.append(static_cast<std::size_t>(indentation) * 2, ' ');
    text.append(std::to_string(o.number)).append(" ").append(name(o.kind));
    text.append(" ").append(std::to_string(o.argument)).append("\n");
    text += to_text(o.block, indentation + 1);
  }
  return text;
}

}  // namespace fiber_fuzz
