#include "lib/sandbox/seccomp_filter.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <memory>
#include <set>
#include <system_error>
#include <utility>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/unique_fd.h"
#include "lib/sandbox/promise_table.h"

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
  std::string where;
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

std::uint32_t return_value(const syscall_action& action) {
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
    if (number >= 0) rules_.push_back({number, {tests.begin(), tests.end()}, action, {}});
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
    if (action.what == kind::error && (action.error < 1 || action.error > 4095))
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
      rules_.push_back({number, given.tests, action, where});
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

// --- from rules to code -----------------------------------------------------------------------

// What a segment returns for calls that it does not know; nobody else uses tracers.
constexpr std::uint32_t undecided = SCMP_ACT_TRACE(0x656d);

scmp_arg_cmp libseccomp_test(const argument_test& test) {
  switch (test.op) {
    case comparison::equal:
      return {test.index, SCMP_CMP_EQ, test.value, 0};
    case comparison::not_equal:
      return {test.index, SCMP_CMP_NE, test.value, 0};
    case comparison::less:
      return {test.index, SCMP_CMP_LT, test.value, 0};
    case comparison::less_equal:
      return {test.index, SCMP_CMP_LE, test.value, 0};
    case comparison::greater:
      return {test.index, SCMP_CMP_GT, test.value, 0};
    case comparison::greater_equal:
      return {test.index, SCMP_CMP_GE, test.value, 0};
    case comparison::masked_equal:
      return {test.index, SCMP_CMP_MASKED_EQ, test.mask, test.value};
  }
  return {};
}

filter_error libseccomp_error(const std::string& where, int status) {
  return {where, "libseccomp: " + base::system_error(-status).message()};
}

// Rules of which no two disagree about a call: libseccomp leaves open which of such two wins.
class segment {
 public:
  // False if the rule does not fit in here.
  [[nodiscard]] bool takes(const rule& added) const {
    return std::all_of(rules_.begin(), rules_.end(), [&](const rule* other) {
      return other->number != added.number || other->action == added.action;
    });
  }

  void add(const rule& added) {
    for (const rule* other : rules_)
      if (other->number == added.number && other->tests == added.tests) return;
    rules_.push_back(&added);
  }

  [[nodiscard]] compiled<code> compile() const {
    const std::unique_ptr<void, decltype(&seccomp_release)> filter{seccomp_init(undecided),
                                                                   &seccomp_release};
    if (!filter) return libseccomp_error({}, -ENOMEM);
    int status = seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (status == 0) status = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (status != 0) return libseccomp_error({}, status);
    for (const rule* each : rules_) {
      std::vector<scmp_arg_cmp> tests(each->tests.size());
      std::transform(each->tests.begin(), each->tests.end(), tests.begin(), libseccomp_test);
      status = seccomp_rule_add_exact_array(filter.get(), return_value(each->action), each->number,
                                            static_cast<unsigned>(tests.size()), tests.data());
      if (status != 0) return libseccomp_error(each->where, status);
    }
    return export_code(filter.get());
  }

 private:
  static compiled<code> export_code(scmp_filter_ctx filter) {
    base::unique_fd memory{::memfd_create("filter", MFD_CLOEXEC)};
    if (!memory) return filter_error{{}, "memfd_create: " + base::last_error().message()};
    if (const int status = seccomp_export_bpf(filter, memory.get()); status != 0)
      return libseccomp_error({}, status);
    if (::lseek(memory.get(), 0, SEEK_SET) == -1)
      return filter_error{{}, "lseek: " + base::last_error().message()};
    const auto bytes = base::read_all(memory.get(), std::size_t{1} << 20);
    if (!bytes) return filter_error{{}, "read: " + bytes.error().message()};
    code exported(bytes->size() / sizeof(sock_filter));
    std::memcpy(exported.data(), bytes->data(), exported.size() * sizeof(sock_filter));
    return exported;
  }

  std::vector<const rule*> rules_;
};

// In the order of precedence, in as few segments as that leaves.
std::vector<segment> split(const std::vector<rule>& rules) {
  std::vector<segment> segments(1);
  std::set<int> decided;  // calls that some rule takes whatever their arguments
  for (const rule& each : rules) {
    if (decided.contains(each.number)) continue;
    if (each.tests.empty()) decided.insert(each.number);
    if (!segments.back().takes(each)) segments.emplace_back();
    segments.back().add(each);
  }
  return segments;
}

int newest_call() {
  static const int newest = [] {
    int number = 1023;
    while (number > 0) {
      const std::unique_ptr<char, decltype(&std::free)> name{
          seccomp_syscall_resolve_num_arch(seccomp_arch_native(), number), &std::free};
      if (name) break;
      --number;
    }
    return number;
  }();
  return newest;
}

// Numbers that came after libseccomp do not exist, as for an older kernel: C libraries know what to
// do then, and not how to live on without.
code newer_calls_missing() {
  constexpr auto load = BPF_LD | BPF_W | BPF_ABS;
  constexpr std::uint32_t x32_bit = 0x40000000;
  const auto newest = static_cast<std::uint32_t>(newest_call());
  return {
      BPF_STMT(load, offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, seccomp_arch_native(), 0, 4),
      BPF_STMT(load, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, x32_bit, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, newest, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SCMP_ACT_ERRNO(ENOSYS)),
  };
}

// Appends a segment: where it is undecided, it goes on behind itself.
void append(code& program, code part) {
  for (std::size_t i = 0; i < part.size(); ++i)
    if (part[i].code == (BPF_RET | BPF_K) && part[i].k == undecided)
      part[i] = BPF_STMT(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(part.size() - i - 1));
  program.insert(program.end(), part.begin(), part.end());
}

compiled<code> generate(const std::vector<rule>& rules, const syscall_action& otherwise) {
  code program;
  // Who is asked about everything is asked about these too.
  if (otherwise.what != kind::notify && otherwise.what != kind::trap)
    program = newer_calls_missing();
  for (const segment& each : split(rules)) {
    auto part = each.compile();
    if (!part) return part.error();
    append(program, std::move(*part));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, return_value(otherwise)));
  if (program.size() > BPF_MAXINSNS)
    return filter_error{{},
                        "the filter has " + std::to_string(program.size()) +
                            " instructions; the kernel takes " + std::to_string(BPF_MAXINSNS)};
  return program;
}

bool notifies(const std::vector<rule>& rules, const syscall_action& otherwise) {
  return otherwise.what == kind::notify ||
         std::any_of(rules.begin(), rules.end(),
                     [](const rule& each) { return each.action.what == kind::notify; });
}

}  // namespace

compiled<compiled_filter> compile_filter(const syscall_policy& policy,
                                         const filter_context& context) {
  const syscall_action otherwise = final_action(policy);
  if (otherwise.what == kind::error && (otherwise.error < 1 || otherwise.error > 4095))
    return filter_error{"default", "no such error: " + std::to_string(otherwise.error)};
  compiled_filter result;
  if (!policy.raw.empty()) {
    if (policy.raw.size() % sizeof(sock_filter) != 0)
      return filter_error{"raw", "is no array of instructions of 8 bytes"};
    if (policy.raw.size() / sizeof(sock_filter) > BPF_MAXINSNS)
      return filter_error{"raw", "has more than 4096 instructions"};
    // First: behind the other one, few policies would let it in.
    result.programs.push_back(policy.raw);
    if (policy == syscall_policy{.raw = policy.raw}) return result;
  }

  rule_list list{policy};
  if (auto added = list.add_user_rules(policy.deny, "deny", refusal(policy)); !added)
    return added.error();
  if (context.exec) list.add_exec(*context.exec);
  if (auto added = list.add_user_rules(policy.allow, "allow", allowed); !added)
    return added.error();
  list.add_rejected();
  list.add_promises();

  auto program = generate(list.rules(), otherwise);
  if (!program) return program.error();
  result.programs.emplace_back(reinterpret_cast<const char*>(program->data()),
                               program->size() * sizeof(sock_filter));
  if (notifies(list.rules(), otherwise)) result.notifying = result.programs.size() - 1;
  result.skipped = std::move(list.skipped());
  return result;
}

}  // namespace emilua::sandbox
