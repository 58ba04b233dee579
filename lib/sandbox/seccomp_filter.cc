#include "lib/sandbox/seccomp_filter.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include "lib/sandbox/filter_program.h"
#include "lib/sandbox/promise_table.h"
#include "lib/sandbox/raw_filter.h"

namespace emilua::sandbox {
namespace {

using kind = syscall_action::kind;
template <class T = void>
using compiled = boost::system::result<T, filter_error>;

constexpr syscall_action allowed{kind::allow};
constexpr syscall_action killed{kind::kill};

constexpr syscall_action failing(int error) noexcept { return {kind::error, error}; }

constexpr bool permits(kind what) noexcept { return what == kind::allow || what == kind::log; }

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

// Calls `use` with each word of a text with blanks between.
template <class Use>
void for_each_name(std::string_view names, Use&& use) {
  while (!names.empty()) {
    const std::size_t end = std::min(names.find(' '), names.size());
    use(names.substr(0, end));
    names.remove_prefix(std::min(end + 1, names.size()));
  }
}

// The rules that decide, in the order of their precedence. Their tests stay where they are: in the
// policy, in the tables and here.
class rule_list {
 public:
  explicit rule_list(const syscall_policy& policy) : policy_(policy), refusal_(refusal(policy)) {
    rules_.reserve(512);
  }

  rule_list(const rule_list&) = delete;

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
    exec_tests_ = {argument_test{0, comparison::masked_equal, descriptor, low_half},
                   argument_test{1, comparison::equal, exec.path},
                   argument_test{4, comparison::masked_equal, AT_EMPTY_PATH, low_half}};
    add("execveat", exec_tests_, allowed);
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

  [[nodiscard]] std::vector<filter_rule> take_rules() noexcept { return std::move(rules_); }
  // Whether a supervisor is asked about anything.
  [[nodiscard]] bool notifies() const noexcept {
    return notifies_ || final_action(policy_).what == kind::notify;
  }
  [[nodiscard]] std::vector<std::string>& skipped() noexcept { return skipped_; }

 private:
  // A rule of the tables. What this architecture does not have, it cannot be asked for either.
  void add(std::string_view name, const test_list& tests, const syscall_action& action) {
    char text[64];
    text[name.copy(text, sizeof text - 1)] = '\0';
    add(seccomp_syscall_resolve_name(text), {tests.begin(), tests.end()}, action);
  }

  void add(int number, std::span<const argument_test> tests, const syscall_action& action) {
    if (number >= 0) rules_.push_back({static_cast<std::uint32_t>(number), tests, action});
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
      add(number, given.tests, action);
    notifies_ = notifies_ || (number >= 0 && action.what == kind::notify);
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
  test_list exec_tests_;
  std::vector<filter_rule> rules_;
  bool notifies_ = false;
  std::vector<std::string> skipped_;
};

std::optional<filter_error> check_answer(const syscall_policy& policy) {
  const syscall_action otherwise = final_action(policy);
  if (otherwise.what != kind::error || (otherwise.error >= 1 && otherwise.error <= largest_error))
    return std::nullopt;
  return filter_error{"default", "no such error: " + std::to_string(otherwise.error)};
}

compiled<std::vector<sock_filter>> write_program(const syscall_policy& policy,
                                                 const filter_context& context, rule_list& list) {
  if (auto added = list.add_user_rules(policy.deny, "deny", refusal(policy)); !added)
    return added.error();
  if (context.exec) list.add_exec(*context.exec);
  if (auto added = list.add_user_rules(policy.allow, "allow", allowed); !added)
    return added.error();
  list.add_rejected();
  list.add_promises();
  return write_filter(list.take_rules(), final_action(policy));
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
  std::vector<sock_filter> joined;
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
    notifying = notifying || list.notifies();
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
