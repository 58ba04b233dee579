// How filters test arguments, and what they make of many rules at once, computed without a kernel.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "lib/sandbox/test_answers.h"

namespace emilua::sandbox {
namespace {

constexpr std::uint64_t interesting[] = {
    0,
    1,
    2,
    5,
    6,
    7,
    0xfffffffe,
    0xffffffff,
    high_bit,
    high_bit | 1,
    high_bit | 6,
    6 * high_bit,
    ~std::uint64_t{0},
    ~std::uint64_t{0} - 1,
    std::uint64_t{1} << 63,
};

bool holds(const argument_test& test, std::uint64_t argument) {
  switch (test.op) {
    case comparison::equal:
      return argument == test.value;
    case comparison::not_equal:
      return argument != test.value;
    case comparison::less:
      return argument < test.value;
    case comparison::less_equal:
      return argument <= test.value;
    case comparison::greater:
      return argument > test.value;
    case comparison::greater_equal:
      return argument >= test.value;
    case comparison::masked_equal:
      return (argument & test.mask) == test.value;
  }
  return false;
}

TEST(Tests, CompareAll64Bits) {
  for (int op = 0; op <= static_cast<int>(comparison::masked_equal); ++op) {
    for (const std::uint64_t value : interesting) {
      argument_test test{3, static_cast<comparison>(op), value};
      if (test.op == comparison::masked_equal) test.mask = value | 1;
      const std::string program = compiled({.allow = {{.name = "read", .tests = {test}}}});
      for (const std::uint64_t argument : interesting)
        EXPECT_EQ(filter_answer(program, call_of(SYS_read, {0, 0, 0, argument})),
                  holds(test, argument) ? allowed : killed)
            << argument << ' ' << comparison_name(test.op) << ' ' << value;
    }
  }
}

TEST(Tests, AllOfARuleMustHold) {
  const std::string program = compiled({.allow = {{.name = "read",
                                                   .tests = {{0, comparison::equal, 1},
                                                             {1, comparison::less, 10},
                                                             {5, comparison::greater, 3}}}}});
  EXPECT_EQ(filter_answer(program, call_of(SYS_read, {1, 9, 0, 0, 0, 4})), allowed);
  EXPECT_EQ(filter_answer(program, call_of(SYS_read, {2, 9, 0, 0, 0, 4})), killed);
  EXPECT_EQ(filter_answer(program, call_of(SYS_read, {1, 10, 0, 0, 0, 4})), killed);
  EXPECT_EQ(filter_answer(program, call_of(SYS_read, {1, 9, 0, 0, 0, 3})), killed);
}

// A policy as it is documented, without libseccomp: the first rule that matches.
class model {
 public:
  explicit model(const syscall_policy& policy) : policy_(policy) {}

  [[nodiscard]] std::uint32_t answer(const std::string& name, const seccomp_data& call) const {
    for (const auto* list : {&policy_.deny, &policy_.allow})
      for (const syscall_rule& rule : *list)
        if (rule.name == name && matches(rule, call)) return value(*rule.action);
    return failed(EXFULL);
  }

 private:
  static bool matches(const syscall_rule& rule, const seccomp_data& call) {
    return std::all_of(rule.tests.begin(), rule.tests.end(), [&](const argument_test& test) {
      return holds(test, call.args[test.index]);
    });
  }
  static std::uint32_t value(const syscall_action& action) {
    return action.what == kind::allow ? allowed : failed(static_cast<unsigned>(action.error));
  }

  const syscall_policy& policy_;
};

class random_policies {
 public:
  explicit random_policies(unsigned seed) : random_(seed) {}

  syscall_policy policy() {
    syscall_policy made;
    made.otherwise = failing(EXFULL);
    for (int i = pick(6); i > 0; --i) made.deny.push_back(rule(failing(1 + pick(3))));
    for (int i = 1 + pick(8); i > 0; --i)
      made.allow.push_back(rule(pick(3) ? syscall_action{} : failing(4 + pick(2))));
    return made;
  }

  seccomp_data call(const std::string& name) {
    return call_of(seccomp_syscall_resolve_name(name.c_str()), {number(), number(), number()});
  }

  static constexpr const char* names[] = {"read", "mmap", "uname", "vmsplice"};
  std::string name() { return names[pick(std::size(names))]; }

 private:
  template <class Count>
  int pick(Count count) {
    return static_cast<int>(random_() % static_cast<unsigned>(count));
  }
  std::uint64_t number() { return interesting[pick(std::size(interesting))]; }

  syscall_rule rule(const syscall_action& action) {
    syscall_rule made{.name = name(), .action = action};
    for (unsigned index = 0; index < 3; ++index) {
      if (pick(2)) continue;
      argument_test test{index, static_cast<comparison>(pick(7)), number()};
      if (test.op == comparison::masked_equal) test.mask = test.value | number();
      made.tests.push_back(test);
    }
    return made;
  }

  std::mt19937 random_;
};

TEST(Tests, RandomPoliciesAnswerAsDocumented) {
  for (unsigned seed = 0; seed < 400; ++seed) {
    random_policies random{seed};
    const syscall_policy policy = random.policy();
    const std::string program = compiled(policy);
    for (int i = 0; i < 60; ++i) {
      const std::string name = random.name();
      const seccomp_data call = random.call(name);
      ASSERT_EQ(filter_answer(program, call), model{policy}.answer(name, call))
          << "seed " << seed << ": " << name << '(' << call.args[0] << ", " << call.args[1] << ", "
          << call.args[2] << ')';
    }
  }
}

}  // namespace
}  // namespace emilua::sandbox
