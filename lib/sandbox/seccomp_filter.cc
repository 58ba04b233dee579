#include "lib/sandbox/seccomp_filter.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <map>
#include <utility>

#include "lib/sandbox/promise_table.h"
#include "lib/sandbox/raw_filter.h"

namespace emilua::sandbox {
namespace {

using kind = syscall_action::kind;
using code = std::vector<sock_filter>;
template <class T = void>
using compiled = boost::system::result<T, filter_error>;

constexpr syscall_action allowed{kind::allow};
constexpr syscall_action killed{kind::kill};

constexpr syscall_action failing(int error) noexcept { return {kind::error, error}; }

constexpr bool permits(kind what) noexcept { return what == kind::allow || what == kind::log; }

// A rule resolved: the number instead of the name, and what happens.
struct rule {
  int number;
  std::vector<argument_test> tests;
  syscall_action action;
};

// What calls get that nothing names.
syscall_action final_action(const syscall_policy& policy) {
  if (policy.otherwise) return *policy.otherwise;
  return policy.promises.contains(promise::error) ? failing(EPERM) : killed;
}

// What calls get that something rejects.
syscall_action refusal(const syscall_policy& policy) {
  const syscall_action action = final_action(policy);
  return permits(action.what) ? failing(EPERM) : action;
}

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

// Calls `use` with each word of a text with blanks between.
template <class Use>
void for_each_name(std::string_view names, Use&& use) {
  while (!names.empty()) {
    const std::size_t end = std::min(names.find(' '), names.size());
    use(names.substr(0, end));
    names.remove_prefix(std::min(end + 1, names.size()));
  }
}

// --- from policies to rules -------------------------------------------------------------------

// The rules that decide, in the order of their precedence.
class rule_list {
 public:
  explicit rule_list(const syscall_policy& policy) : policy_(policy), refusal_(refusal(policy)) {}

  compiled<> add_user_rules(const std::vector<syscall_rule>& rules, std::string_view list,
                            const syscall_action& standard) {
    for (std::size_t i = 0; i < rules.size(); ++i) {
      const std::string where = std::string{list} + '[' + std::to_string(i) + ']';
      if (auto added = add_user_rule(rules[i], where, standard); !added) return added.error();
    }
    return {};
  }

  void add_exec(const permitted_exec& exec) {
    const std::uint64_t low_half = 0xffffffff;
    const auto descriptor = static_cast<std::uint32_t>(exec.descriptor);
    add("execveat",
        test_list{argument_test{0, comparison::masked_equal, descriptor, low_half},
                  argument_test{1, comparison::equal, exec.path},
                  argument_test{4, comparison::masked_equal, AT_EMPTY_PATH, low_half}},
        allowed);
  }

  void add_rejected() {
    for (const rejected_call& entry : rejected_calls()) {
      if (!applies(entry)) continue;
      const auto action =
          entry.how == rejected_call::answer::refusal ? refusal_ : failing(entry.error);
      for_each_name(entry.names, [&](std::string_view name) { add(name, entry.tests, action); });
    }
  }

  void add_promises() {
    for (const permitted_call& entry : permitted_calls())
      if (policy_.promises.contains(entry.needs))
        for_each_name(entry.names, [&](std::string_view name) { add(name, entry.tests, allowed); });
  }

  [[nodiscard]] const std::vector<rule>& rules() const noexcept { return rules_; }
  [[nodiscard]] std::vector<std::string>& skipped() noexcept { return skipped_; }

 private:
  // A rule of the tables. What this architecture does not have, it cannot be asked for either.
  void add(std::string_view name, const test_list& tests, const syscall_action& action) {
    const int number = seccomp_syscall_resolve_name(std::string{name}.c_str());
    if (number >= 0) rules_.push_back({number, {tests.begin(), tests.end()}, action});
  }

  [[nodiscard]] bool applies(const rejected_call& entry) const {
    const promise_set promises = policy_.promises;
    for (const promise_set& exempt : entry.unless)
      if (!exempt.empty() && promises.contains(exempt)) return false;
    if (!entry.beside.empty() && (promises & entry.beside).empty()) return false;
    return entry.how != rejected_call::answer::mild_error || !policy_.otherwise;
  }

  compiled<> add_user_rule(const syscall_rule& given, const std::string& where,
                           const syscall_action& standard) {
    const syscall_action action = given.action.value_or(standard);
    if (!permits(standard.what) && permits(action.what))
      return filter_error{where + ".action", "does not deny: " + action_name(action)};
    if (action.what == kind::error && (action.error < 1 || action.error > largest_error))
      return filter_error{where + ".action", "no such error: " + std::to_string(action.error)};
    if (auto valid = check_tests(given.tests, where); !valid) return valid;
    // A name with a NUL inside would be taken for what stands before it.
    const bool plain = given.name.find('\0') == std::string::npos;
    const int number = plain ? seccomp_syscall_resolve_name(given.name.c_str()) : __NR_SCMP_ERROR;
    if (number == __NR_SCMP_ERROR && !given.optional)
      return filter_error{where + ".name", "no such system call: " + given.name};
    if (number < 0)
      skipped_.push_back(given.name);
    else
      rules_.push_back({number, given.tests, action});
    return {};
  }

  static compiled<> check_tests(const std::vector<argument_test>& tests, const std::string& where) {
    unsigned seen = 0;
    for (const argument_test& test : tests) {
      const std::string place = where + ".arg[" + std::to_string(test.index) + ']';
      if (test.index > 5) return filter_error{place, "arguments are numbered 0 to 5"};
      if (seen & (1u << test.index)) return filter_error{place, "is tested twice"};
      seen |= 1u << test.index;
      if (test.op == comparison::masked_equal && (test.value & ~test.mask))
        return filter_error{place, "can never match: the value has bits that the mask has not"};
    }
    return {};
  }

  const syscall_policy& policy_;
  const syscall_action refusal_;
  std::vector<rule> rules_;
  std::vector<std::string> skipped_;
};

// --- tests of arguments -----------------------------------------------------------------------
// libseccomp is not asked to compile these: where several rules for a call test arguments, version
// 2.5.4 merges comparisons of order into code that answers otherwise.

constexpr sock_filter load(std::size_t offset) noexcept {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}

constexpr sock_filter jump_by(std::uint32_t distance) noexcept {
  return BPF_STMT(BPF_JMP | BPF_JA, distance);
}

constexpr sock_filter answer(const syscall_action& action) {
  return BPF_STMT(BPF_RET | BPF_K, return_value(action));
}

// One rule: its tests one after the other, then the answer. A test that fails jumps behind.
class rule_writer {
 public:
  static code write(const rule& from) {
    rule_writer writer;
    for (const argument_test& test : from.tests) writer.add(test);
    writer.code_.push_back(answer(from.action));
    for (const jump& each : writer.failures_) {
      sock_filter& instruction = writer.code_[each.at];
      (each.when ? instruction.jt : instruction.jf) =
          static_cast<std::uint8_t>(writer.code_.size() - each.at - 1);
    }
    return std::move(writer.code_);
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

  code code_;
  std::vector<jump> failures_;
};

// --- the program ------------------------------------------------------------------------------
// What finds the call comes first: the checks of the architecture, and a search by number. It ends
// in marks, in place of which a jump goes to that call's rules. libseccomp could write it, and
// takes longer for that than all else that starts a box.

constexpr std::uint32_t mark(std::size_t index) noexcept {
  return SCMP_ACT_TRACE(static_cast<std::uint32_t>(index));
}
constexpr std::size_t unnamed = 0xffff;  // the mark of all other calls

constexpr sock_filter give(std::uint32_t value) noexcept {
  return BPF_STMT(BPF_RET | BPF_K, value);
}

constexpr std::uint32_t x32_bit = 0x40000000;

// The numbers that came after the tables were written do not exist, as for an older kernel: C
// libraries know what to do then, and not how to go on without. Architectures share the numbers
// from 424 on.
void append_newer_calls(code& program) {
  program.insert(
      program.end(),
      {load(offsetof(seccomp_data, nr)), BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, x32_bit, 2, 0),
       BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, newest_judged_call, 0, 1), answer(failing(ENOSYS))});
}

// Finds the mark of a call by bisection.
class dispatch_writer {
 public:
  static code write(const std::map<int, std::uint32_t>& marks) {
    const std::uint32_t native = seccomp_arch_native();
    code out{load(offsetof(seccomp_data, arch)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, native, 1, 0),
             answer(killed), load(offsetof(seccomp_data, nr))};
    if (native == SCMP_ARCH_X86_64) {
      // -1 is what a tracer makes of a call that is to be skipped.
      out.insert(out.end(),
                 {BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, x32_bit, 0, 2),
                  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xffffffff, 1, 0), answer(killed)});
    }
    const dispatch_writer writer{marks};
    const code tree = writer.bisect(0, writer.ranges_.size());
    out.insert(out.end(), tree.begin(), tree.end());
    return out;
  }

 private:
  struct range {
    std::uint32_t first;  // up to the next one's
    std::uint32_t mark;
  };

  explicit dispatch_writer(const std::map<int, std::uint32_t>& marks) {
    std::uint32_t next = 0;
    for (const auto& [number, name] : marks) {
      const auto first = static_cast<std::uint32_t>(number);
      if (first > next || ranges_.empty()) add(next, mark(unnamed));
      add(first, name);
      next = first + 1;
    }
    add(next, mark(unnamed));
  }

  void add(std::uint32_t first, std::uint32_t name) {
    if (!ranges_.empty() && ranges_.back().first == first) ranges_.pop_back();
    if (ranges_.empty() || ranges_.back().mark != name) ranges_.push_back({first, name});
  }

  [[nodiscard]] code bisect(std::size_t begin, std::size_t end) const {
    if (end - begin == 1) return {give(ranges_[begin].mark)};
    const std::size_t middle = begin + (end - begin) / 2;
    const code below = bisect(begin, middle), above = bisect(middle, end);
    const std::uint32_t first = ranges_[middle].first;
    code out;
    if (below.size() <= 255) {
      out = {
          BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first, static_cast<std::uint8_t>(below.size()), 0)};
    } else {
      out = {BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first, 0, 1),
             jump_by(static_cast<std::uint32_t>(below.size()))};
    }
    out.insert(out.end(), below.begin(), below.end());
    out.insert(out.end(), above.begin(), above.end());
    return out;
  }

  std::vector<range> ranges_;
};

class program_writer {
 public:
  // In the order of precedence.
  explicit program_writer(const std::vector<rule>& rules) {
    for (const rule& each : rules) {
      block& same = calls_[each.number];
      if (same.empty() || !same.back()->tests.empty()) same.push_back(&each);
    }
  }

  [[nodiscard]] code write(const syscall_action& otherwise) {
    // What gets the answer of all others need not be looked for. Installing a filter takes as long
    // as running it once for each call that there is.
    std::erase_if(calls_, [&](const auto& call) {
      const rule& first = *call.second.front();
      return first.tests.empty() && call.first <= static_cast<int>(newest_judged_call) &&
             answer(first.action).k == answer(otherwise).k;
    });
    code blocks;
    std::map<std::uint32_t, std::size_t> targets;  // of marks: places in `blocks`
    std::map<int, std::uint32_t> marks;            // of calls
    std::map<std::uint32_t, std::uint32_t> plain;  // marks of calls that all get one answer
    for (const auto& [number, rules] : calls_) {
      const auto next = mark(targets.size());
      if (rules.front()->tests.empty()) {
        const auto [known, added] = plain.try_emplace(answer(rules.front()->action).k, next);
        marks[number] = known->second;
        if (!added) continue;
      }
      marks.try_emplace(number, next);
      targets[next] = blocks.size();
      for (const rule* each : rules) append(blocks, rule_writer::write(*each));
      if (!rules.back()->tests.empty()) blocks.push_back(answer(otherwise));
    }
    targets[mark(unnamed)] = blocks.size();
    // Who is asked about everything is asked about these too.
    if (otherwise.what != kind::notify && otherwise.what != kind::trap) append_newer_calls(blocks);
    blocks.push_back(answer(otherwise));

    code dispatch = dispatch_writer::write(marks);
    link(dispatch, blocks, targets);
    append(dispatch, blocks);
    return dispatch;
  }

 private:
  using block = std::vector<const rule*>;

  static void append(code& program, const code& part) {
    program.insert(program.end(), part.begin(), part.end());
  }

  // Replaces the marks by what they stand for: jumps to `blocks`, which will follow, or the answer
  // if it needs no tests.
  static void link(code& dispatch, const code& blocks,
                   const std::map<std::uint32_t, std::size_t>& targets) {
    for (std::size_t at = 0; at < dispatch.size(); ++at) {
      if (dispatch[at].code != (BPF_RET | BPF_K)) continue;
      const auto target = targets.find(dispatch[at].k);
      if (target == targets.end()) continue;  // the answer to foreign architectures
      const sock_filter& first = blocks[target->second];
      const std::size_t distance = dispatch.size() + target->second - at - 1;
      dispatch[at] =
          first.code == (BPF_RET | BPF_K) ? first : jump_by(static_cast<std::uint32_t>(distance));
    }
  }

  std::map<int, block> calls_;
};

// Whoever it allows goes on to what will be appended.
void let_pass(code& program) {
  for (std::size_t at = 0; at < program.size(); ++at) {
    sock_filter& instruction = program[at];
    if (instruction.code == (BPF_RET | BPF_K) &&
        (instruction.k == SCMP_ACT_ALLOW || instruction.k == SCMP_ACT_LOG))
      instruction = jump_by(static_cast<std::uint32_t>(program.size() - at - 1));
  }
}

bool notifies(const std::vector<rule>& rules, const syscall_action& otherwise) {
  return otherwise.what == kind::notify ||
         std::any_of(rules.begin(), rules.end(),
                     [](const rule& each) { return each.action.what == kind::notify; });
}

std::optional<filter_error> check_answer(const syscall_policy& policy) {
  const syscall_action otherwise = final_action(policy);
  if (otherwise.what != kind::error || (otherwise.error >= 1 && otherwise.error <= largest_error))
    return std::nullopt;
  return filter_error{"default", "no such error: " + std::to_string(otherwise.error)};
}

compiled<code> write_program(const syscall_policy& policy, const filter_context& context,
                             rule_list& list) {
  if (auto added = list.add_user_rules(policy.deny, "deny", refusal(policy)); !added)
    return added.error();
  if (context.exec) list.add_exec(*context.exec);
  if (auto added = list.add_user_rules(policy.allow, "allow", allowed); !added)
    return added.error();
  list.add_rejected();
  list.add_promises();
  return program_writer{list.rules()}.write(final_action(policy));
}

}  // namespace

bool stands_for_itself(const syscall_policy& policy) {
  return !policy.raw.empty() && policy == syscall_policy{.raw = policy.raw};
}

compiled<compiled_filter> compile_filter(const syscall_policy& policy,
                                         const filter_context& context) {
  return compile_filter(std::span{&policy, 1}, context);
}

compiled<compiled_filter> compile_filter(std::span<const syscall_policy> policies,
                                         const filter_context& context) {
  compiled_filter result;
  code joined;
  bool notifying = false;
  for (std::size_t i = 0; i < policies.size(); ++i) {
    const auto fault = [i](filter_error error) {
      error.policy = i;
      return error;
    };
    const syscall_policy& policy = policies[i];
    if (auto failed = check_answer(policy)) return fault(std::move(*failed));
    if (!policy.raw.empty()) {
      if (auto bad = find_fault(policy.raw)) return fault({"raw", std::move(*bad)});
      if (!result.programs.empty() && result.programs[0] != policy.raw)
        return fault({"raw", "two filters that come as bytes cannot be joined"});
      // First: behind the other one, few policies would let it in.
      result.programs.assign(1, policy.raw);
      if (stands_for_itself(policy)) continue;
    }
    rule_list list{policy};
    auto program = write_program(policy, context, list);
    if (!program) return fault(program.error());
    if (!joined.empty()) let_pass(joined);
    joined.insert(joined.end(), program->begin(), program->end());
    notifying = notifying || notifies(list.rules(), final_action(policy));
    std::ranges::move(list.skipped(), std::back_inserter(result.skipped));
  }
  if (joined.size() > BPF_MAXINSNS)
    return filter_error{{},
                        "the filter has " + std::to_string(joined.size()) +
                            " instructions; the kernel takes " + std::to_string(BPF_MAXINSNS)};
  if (!joined.empty())
    result.programs.emplace_back(reinterpret_cast<const char*>(joined.data()),
                                 joined.size() * sizeof(sock_filter));
  if (notifying) result.notifying = result.programs.size() - 1;
  return result;
}

}  // namespace emilua::sandbox
