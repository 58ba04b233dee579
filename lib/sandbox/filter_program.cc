#include "lib/sandbox/filter_program.h"

#include <linux/seccomp.h>
#include <seccomp.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "lib/sandbox/promise_table.h"

namespace emilua::sandbox {
namespace {

using kind = syscall_action::kind;
using code = std::vector<sock_filter>;

constexpr std::uint32_t x32_bit = 0x40000000;

constexpr std::uint32_t return_value(const syscall_action& action) {
  switch (action.what) {
    case kind::allow:
      return SCMP_ACT_ALLOW;
    case kind::kill:
      return SCMP_ACT_KILL_PROCESS;
    case kind::kill_thread:
      return SCMP_ACT_KILL_THREAD;
    case kind::error:
      return SCMP_ACT_ERRNO(static_cast<unsigned>(action.error));
    case kind::log:
      return SCMP_ACT_LOG;
    case kind::trap:
      return SCMP_ACT_TRAP;
    case kind::notify:
      return SCMP_ACT_NOTIFY;
  }
  return SCMP_ACT_KILL_PROCESS;
}

constexpr sock_filter load(std::size_t offset) noexcept {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}

constexpr sock_filter jump_by(std::size_t distance) noexcept {
  return BPF_STMT(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(distance));
}

constexpr sock_filter give(std::uint32_t value) noexcept {
  return BPF_STMT(BPF_RET | BPF_K, value);
}

bool same(const sock_filter& a, const sock_filter& b) noexcept {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

// --- what the arguments decide ----------------------------------------------------------------

// Appends rules: their tests one after the other, then the answer. A test that fails jumps behind.
class rule_writer {
 public:
  explicit rule_writer(code& to) noexcept : code_(to) {}

  void add(const filter_rule& rule) {
    failures_.clear();
    for (const argument_test& test : rule.tests) add(test);
    code_.push_back(give(return_value(rule.action)));
    for (const jump& each : failures_) {
      sock_filter& instruction = code_[each.at];
      (each.when ? instruction.jt : instruction.jf) =
          static_cast<std::uint8_t>(code_.size() - each.at - 1);
    }
  }

 private:
  struct jump {
    std::size_t at;
    bool when;
  };
  struct half {
    std::size_t offset;
    std::uint32_t value;
    std::uint32_t mask;
  };

  static half upper(const argument_test& test) noexcept {
    return {word(test.index, __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__),
            static_cast<std::uint32_t>(test.value >> 32),
            static_cast<std::uint32_t>(test.mask >> 32)};
  }
  static half lower(const argument_test& test) noexcept {
    return {word(test.index, __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__),
            static_cast<std::uint32_t>(test.value), static_cast<std::uint32_t>(test.mask)};
  }
  static std::size_t word(unsigned index, bool second) noexcept {
    return offsetof(seccomp_data, args) + index * sizeof(std::uint64_t) +
           second * sizeof(std::uint32_t);
  }

  void add(const argument_test& test) {
    const half high = upper(test);
    const half low = lower(test);
    switch (test.op) {
      case comparison::masked_equal:
        add_masked(high);
        add_masked(low);
        break;
      case comparison::equal:
        add_compare(high, BPF_JEQ, true);
        add_compare(low, BPF_JEQ, true);
        break;
      case comparison::not_equal:
        code_.push_back(load(high.offset));
        code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, high.value, 0, 2));
        add_compare(low, BPF_JEQ, false);
        break;
      case comparison::greater:
        add_order(high, BPF_JGT, true);
        add_compare(low, BPF_JGT, true);
        break;
      case comparison::greater_equal:
        add_order(high, BPF_JGT, true);
        add_compare(low, BPF_JGE, true);
        break;
      case comparison::less:
        add_order(high, BPF_JGE, false);
        add_compare(low, BPF_JGE, false);
        break;
      case comparison::less_equal:
        add_order(high, BPF_JGE, false);
        add_compare(low, BPF_JGT, false);
        break;
    }
  }

  // Fails unless the comparison gives `wanted`.
  void add_compare(const half& part, unsigned short operation, bool wanted) {
    code_.push_back(load(part.offset));
    add_jump(part.value, operation, wanted);
  }

  void add_jump(std::uint32_t value, unsigned short operation, bool wanted) {
    failures_.push_back({code_.size(), !wanted});
    code_.push_back(BPF_JUMP(BPF_JMP | operation | BPF_K, value, 0, 0));
  }

  void add_masked(const half& part) {
    if (part.mask == 0) return;
    code_.push_back(load(part.offset));
    if (part.mask != 0xffffffff) code_.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, part.mask));
    add_jump(part.value, BPF_JEQ, true);
  }

  // Upper halves that differ decide: past the two instructions for the lower ones. Equal ones do
  // not.
  void add_order(const half& high, unsigned short operation, bool passes) {
    code_.push_back(load(high.offset));
    code_.push_back(BPF_JUMP(BPF_JMP | operation | BPF_K, high.value,
                             static_cast<std::uint8_t>(passes ? 3 : 0),
                             static_cast<std::uint8_t>(passes ? 0 : 3)));
    add_jump(high.value, BPF_JEQ, true);
  }

  code& code_;
  std::vector<jump> failures_;
};

// --- what the number decides ------------------------------------------------------------------

// Where a search ends.
struct target {
  enum class kind : unsigned char {
    answer,  // `value` is the answer
    block,   // `value` is the place among the blocks
    search,  // `value` is the place in the search, counted from its end
  };
  kind what;
  std::uint32_t value;
  friend bool operator==(const target&, const target&) = default;
};

// Jumps go forward only: the search, which stands before the blocks, is written from its end to its
// beginning.
class search_writer {
 public:
  // Calls must come in the order of their numbers.
  void add(std::uint32_t first, target where) {
    if (!ranges_.empty() && ranges_.back().first == first) ranges_.pop_back();
    if (ranges_.empty() || ranges_.back().where != where) ranges_.push_back({first, where});
  }

  // The search, from its beginning to its end.
  code write() && {
    reversed_.reserve(2 * ranges_.size() + 16);
    const target root = search(ranges_);
    if (root != last()) emit(jump_to(root));
    write_entry();
    std::ranges::reverse(reversed_);
    return std::move(reversed_);
  }

 private:
  struct range {
    std::uint32_t first;  // up to the next one's
    target where;
  };
  struct landing {
    target to;
    target from;
  };

  // Of jumps with a condition: with what another instruction may add.
  static constexpr std::size_t reach = 254;

  // The instructions between the next one and that place.
  [[nodiscard]] std::size_t distance(const target& to) const noexcept {
    return to.what == target::kind::block ? to.value + reversed_.size()
                                          : reversed_.size() - to.value - 1;
  }

  [[nodiscard]] target last() const noexcept {
    return {target::kind::search, static_cast<std::uint32_t>(reversed_.size() - 1)};
  }

  target emit(const sock_filter& instruction) {
    reversed_.push_back(instruction);
    return last();
  }

  [[nodiscard]] sock_filter jump_to(const target& to) const {
    return to.what == target::kind::answer ? give(to.value) : jump_by(distance(to));
  }

  // The same, where jumps with a condition get to.
  target within_reach(const target& to) {
    if (to.what != target::kind::answer && distance(to) <= reach) return to;
    const auto known = std::ranges::find(landings_, to, &landing::to);
    if (known != landings_.end() && distance(known->from) <= reach) return known->from;
    const target from = emit(jump_to(to));
    if (known != landings_.end())
      known->from = from;
    else
      landings_.push_back({to, from});
    return from;
  }

  target search(std::span<const range> ranges) {
    if (ranges.size() == 1) return ranges.front().where;
    const std::size_t middle = ranges.size() / 2;
    target above = search(ranges.subspan(middle));
    target below = search(ranges.first(middle));
    above = within_reach(above);
    below = within_reach(below);
    return emit(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, ranges[middle].first,
                         static_cast<std::uint8_t>(distance(above)),
                         static_cast<std::uint8_t>(distance(below))));
  }

  // Runs first. The number is loaded when the search begins.
  void write_entry() {
    const std::uint32_t native = seccomp_arch_native();
    const sock_filter kill = give(SCMP_ACT_KILL_PROCESS);
    if (native == SCMP_ARCH_X86_64) {
      // -1 is what a tracer makes of a call that is to be skipped.
      emit(kill);
      emit(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xffffffff, 1, 0));
      emit(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, x32_bit, 0, 2));
    }
    emit(load(offsetof(seccomp_data, nr)));
    emit(kill);
    emit(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, native, 1, 0));
    emit(load(offsetof(seccomp_data, arch)));
  }

  std::vector<range> ranges_;
  code reversed_;
  std::vector<landing> landings_;
};

// --- both -------------------------------------------------------------------------------------

class program_writer {
 public:
  explicit program_writer(const syscall_action& otherwise) : otherwise_(otherwise) {}

  code write(std::span<const filter_rule> rules) {
    while (!rules.empty()) {
      const std::uint32_t number = rules.front().number;
      const auto end = std::ranges::find_if(
          rules, [number](const filter_rule& each) { return each.number != number; });
      const auto same = rules.first(static_cast<std::size_t>(end - rules.begin()));
      rules = rules.subspan(same.size());
      add_unnamed(number);
      search_.add(number, target_of(same));
      next_ = number + 1;
    }
    add_unnamed(x32_bit);
    search_.add(x32_bit, answer(otherwise_));
    code program = std::move(search_).write();
    program.insert(program.end(), blocks_.begin(), blocks_.end());
    return program;
  }

 private:
  static target answer(const syscall_action& action) {
    return {target::kind::answer, return_value(action)};
  }

  // Up to the next call that has rules. Who is asked about everything is asked about these too;
  // otherwise the numbers that came after the tables were written do not exist, as for an older
  // kernel: C libraries know what to do then, and not how to go on without. Architectures share the
  // numbers from 424 on.
  void add_unnamed(std::uint32_t end) {
    if (next_ >= end) return;
    search_.add(next_, answer(otherwise_));
    const std::uint32_t newer = std::max(next_, newest_judged_call + 1);
    if (newer < end && otherwise_.what != kind::notify && otherwise_.what != kind::trap)
      search_.add(newer, answer({kind::error, ENOSYS}));
  }

  // Behind a rule without tests, no other is reached.
  target target_of(std::span<const filter_rule> rules) {
    if (rules.front().tests.empty()) return answer(rules.front().action);
    const std::size_t begin = blocks_.size();
    rule_writer writer{blocks_};
    for (const filter_rule& rule : rules) {
      writer.add(rule);
      if (rule.tests.empty()) return block_from(begin);
    }
    blocks_.push_back(give(return_value(otherwise_)));
    return block_from(begin);
  }

  // Calls with the same tests share a block.
  target block_from(std::size_t begin) {
    const std::span block = std::span{blocks_}.subspan(begin);
    for (const std::size_t known : begins_) {
      if (known + block.size() > begin ||
          !std::ranges::equal(block, std::span{blocks_}.subspan(known, block.size()), same))
        continue;
      blocks_.resize(begin);
      return {target::kind::block, static_cast<std::uint32_t>(known)};
    }
    begins_.push_back(begin);
    return {target::kind::block, static_cast<std::uint32_t>(begin)};
  }

  const syscall_action& otherwise_;
  std::uint32_t next_ = 0;  // behind what has been added to the search
  search_writer search_;
  code blocks_;
  std::vector<std::size_t> begins_;
};

}  // namespace

std::vector<sock_filter> write_filter(std::vector<filter_rule> rules,
                                      const syscall_action& otherwise) {
  std::ranges::stable_sort(rules, {}, &filter_rule::number);
  return program_writer{otherwise}.write(rules);
}

void let_pass(std::vector<sock_filter>& program) {
  for (std::size_t at = 0; at < program.size(); ++at) {
    sock_filter& instruction = program[at];
    if (instruction.code == (BPF_RET | BPF_K) &&
        (instruction.k == SCMP_ACT_ALLOW || instruction.k == SCMP_ACT_LOG))
      instruction = jump_by(program.size() - at - 1);
  }
}

}  // namespace emilua::sandbox
