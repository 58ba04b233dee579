#include "lib/sandbox/raw_filter.h"

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstring>

namespace emilua::sandbox {
namespace {

constexpr std::uint32_t word_bits = 32;

bool jumps_within(const sock_filter& instruction, std::size_t at, std::size_t count) {
  const std::size_t left = count - at - 1;  // instructions behind this one
  if (BPF_OP(instruction.code) == BPF_JA) return instruction.k < left;
  return instruction.jt < left && instruction.jf < left;
}

// Of the operations that filters of system calls may have; null if there is nothing to say.
const char* fault_of_arithmetic(const sock_filter& instruction) {
  const bool constant = BPF_SRC(instruction.code) == BPF_K;
  switch (BPF_OP(instruction.code)) {
    case BPF_ADD:
    case BPF_SUB:
    case BPF_MUL:
    case BPF_AND:
    case BPF_OR:
    case BPF_XOR:
      return nullptr;
    case BPF_NEG:
      return constant ? nullptr : "is no operation of a filter";
    case BPF_DIV:
      return constant && instruction.k == 0 ? "divides by zero" : nullptr;
    case BPF_LSH:
    case BPF_RSH:
      return constant && instruction.k >= word_bits ? "shifts too far" : nullptr;
    default:
      return "is no operation of a filter";
  }
}

const char* fault_of(const sock_filter& instruction, std::size_t at, std::size_t count) {
  switch (instruction.code) {
    case BPF_LD | BPF_W | BPF_ABS:
      if (instruction.k % 4 != 0 || instruction.k >= sizeof(seccomp_data))
        return "loads what is no word of seccomp_data";
      return nullptr;
    case BPF_LD | BPF_MEM:
    case BPF_LDX | BPF_MEM:
    case BPF_ST:
    case BPF_STX:
      return instruction.k < BPF_MEMWORDS ? nullptr : "is outside of the memory";
    case BPF_LD | BPF_W | BPF_LEN:
    case BPF_LDX | BPF_W | BPF_LEN:
    case BPF_LD | BPF_IMM:
    case BPF_LDX | BPF_IMM:
    case BPF_MISC | BPF_TAX:
    case BPF_MISC | BPF_TXA:
    case BPF_RET | BPF_K:
    case BPF_RET | BPF_A:
      return nullptr;
    case BPF_JMP | BPF_JA:
    case BPF_JMP | BPF_JEQ | BPF_K:
    case BPF_JMP | BPF_JEQ | BPF_X:
    case BPF_JMP | BPF_JGT | BPF_K:
    case BPF_JMP | BPF_JGT | BPF_X:
    case BPF_JMP | BPF_JGE | BPF_K:
    case BPF_JMP | BPF_JGE | BPF_X:
    case BPF_JMP | BPF_JSET | BPF_K:
    case BPF_JMP | BPF_JSET | BPF_X:
      return jumps_within(instruction, at, count) ? nullptr : "jumps too far";
    default:
      if (BPF_CLASS(instruction.code) == BPF_ALU && instruction.code <= 0xff)
        return fault_of_arithmetic(instruction);
      return "is no operation of a filter";
  }
}

}  // namespace

std::optional<std::string> find_fault(std::string_view program) {
  sock_filter instruction{};
  const std::size_t count = program.size() / sizeof instruction;
  if (program.empty() || program.size() % sizeof instruction != 0)
    return "is no array of instructions of 8 bytes";
  if (count > BPF_MAXINSNS) return "has more than 4096 instructions";
  for (std::size_t at = 0; at < count; ++at) {
    std::memcpy(&instruction, program.data() + at * sizeof instruction, sizeof instruction);
    if (const char* const fault = fault_of(instruction, at, count))
      return "instruction " + std::to_string(at) + ": " + fault;
  }
  if (BPF_CLASS(instruction.code) != BPF_RET) return "does not end with an answer";
  return std::nullopt;
}

}  // namespace emilua::sandbox
