#include "lib/sandbox/oci_profile.h"

#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <sys/utsname.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <charconv>
#include <initializer_list>
#include <optional>
#include <utility>

#include "lib/base/errno_name.h"

namespace emilua::sandbox {
namespace {

namespace json = boost::json;
using kind = syscall_action::kind;

constexpr std::size_t largest_profile = std::size_t{1} << 20;
constexpr std::size_t most_rules = BPF_MAXINSNS;  // each takes one instruction at least

// As the profiles call it.
constexpr std::string_view this_architecture =
#if defined(__x86_64__)
    "amd64";
#elif defined(__aarch64__)
    "arm64";
#elif defined(__riscv)
    "riscv64";
#elif defined(__powerpc64__)
    "ppc64le";
#elif defined(__s390x__)
    "s390x";
#else
    "";
#endif

// Leaves the reader; caught where it begins, nothing else sees it.
struct bad_profile {
  filter_error error;
};

[[noreturn]] void fail(std::string where, std::string what) {
  throw bad_profile{{std::move(where), std::move(what)}};
}

// --- JSON, with the place that errors name ----------------------------------------------------

class node {
 public:
  node(const json::value& value, std::string where) : value_(value), where_(std::move(where)) {}

  [[nodiscard]] const std::string& where() const noexcept { return where_; }
  [[noreturn]] void fail(std::string what) const { sandbox::fail(where_, std::move(what)); }

  // Of an object: every member must be one of `known`.
  void expect_members(std::initializer_list<std::string_view> known) const {
    for (const auto& member : object()) {
      const std::string_view name{member.key().data(), member.key().size()};
      if (std::find(known.begin(), known.end(), name) == known.end())
        member_node(name, member.value()).fail("there is no such field");
    }
  }

  // A member that is not null.
  [[nodiscard]] std::optional<node> find(std::string_view name) const {
    const json::value* const found = object().if_contains({name.data(), name.size()});
    if (!found || found->is_null()) return std::nullopt;
    return member_node(name, *found);
  }

  [[nodiscard]] node at(std::string_view name) const {
    auto found = find(name);
    if (!found) fail(std::string{name} + " is missing");
    return *found;
  }

  template <class Use>
  void for_each(Use&& use) const {
    if (!value_.is_array()) fail("is no array");
    std::size_t index = 0;
    for (const json::value& element : value_.get_array())
      use(node{element, where_ + '[' + std::to_string(index++) + ']'});
  }

  [[nodiscard]] std::string_view text() const {
    if (!value_.is_string()) fail("is no string");
    return {value_.get_string().data(), value_.get_string().size()};
  }

  [[nodiscard]] std::uint64_t number(std::uint64_t largest = ~std::uint64_t{0}) const {
    std::uint64_t number = 0;
    if (value_.is_uint64())
      number = value_.get_uint64();
    else if (value_.is_int64() && value_.get_int64() >= 0)
      number = static_cast<std::uint64_t>(value_.get_int64());
    else
      fail("is no number of 0 or more");
    if (number > largest) fail("is larger than " + std::to_string(largest));
    return number;
  }

 private:
  [[nodiscard]] const json::object& object() const {
    if (!value_.is_object()) fail("is no object");
    return value_.get_object();
  }
  [[nodiscard]] node member_node(std::string_view name, const json::value& value) const {
    return {value, where_.empty() ? std::string{name} : where_ + '.' + std::string{name}};
  }

  const json::value& value_;
  std::string where_;
};

// --- actions and tests ------------------------------------------------------------------------

constexpr std::pair<std::string_view, kind> actions[] = {
    {"SCMP_ACT_ALLOW", kind::allow},
    {"SCMP_ACT_ERRNO", kind::error},
    {"SCMP_ACT_KILL", kind::kill_thread},
    {"SCMP_ACT_KILL_PROCESS", kind::kill},
    {"SCMP_ACT_KILL_THREAD", kind::kill_thread},
    {"SCMP_ACT_LOG", kind::log},
    {"SCMP_ACT_NOTIFY", kind::notify},
    {"SCMP_ACT_TRAP", kind::trap},
};

constexpr std::pair<std::string_view, comparison> operators[] = {
    {"SCMP_CMP_EQ", comparison::equal},     {"SCMP_CMP_GE", comparison::greater_equal},
    {"SCMP_CMP_GT", comparison::greater},   {"SCMP_CMP_LE", comparison::less_equal},
    {"SCMP_CMP_LT", comparison::less},      {"SCMP_CMP_MASKED_EQ", comparison::masked_equal},
    {"SCMP_CMP_NE", comparison::not_equal},
};

template <class Value, std::size_t N>
Value look_up(const std::pair<std::string_view, Value> (&table)[N], const node& name) {
  for (const auto& [key, value] : table)
    if (key == name.text()) return value;
  name.fail("is not supported: " + std::string{name.text()});
}

int read_error(const std::optional<node>& number, const std::optional<node>& name) {
  if (name) {
    const auto error = base::errno_by_name(name->text());
    if (!error) name->fail("is no error: " + std::string{name->text()});
    return *error;
  }
  if (!number) return EPERM;
  const auto error = static_cast<int>(number->number(largest_error));
  if (error == 0) number->fail("is no error");
  return error;
}

syscall_action read_action(const node& action, const std::optional<node>& number,
                           const std::optional<node>& name) {
  const kind what = look_up(actions, action);
  if (what != kind::error) return {what};
  return {what, read_error(number, name)};
}

argument_test read_test(const node& from) {
  from.expect_members({"index", "op", "value", "valueTwo", "comment"});
  argument_test test{};
  test.index = static_cast<unsigned>(from.at("index").number(5));
  test.op = look_up(operators, from.at("op"));
  test.value = from.at("value").number();
  if (test.op == comparison::masked_equal) {
    test.mask = test.value;
    const auto second = from.find("valueTwo");
    test.value = second ? second->number() : 0;
    if (test.value & ~test.mask) from.fail("can never match: valueTwo has bits that value has not");
  }
  return test;
}

// The tests of each rule that an entry makes: one rule, unless it looks at an argument twice; then,
// as container engines have it, any one of the tests is enough.
std::vector<std::vector<argument_test>> read_tests(const std::optional<node>& from) {
  std::vector<argument_test> tests;
  if (from) from->for_each([&](const node& test) { tests.push_back(read_test(test)); });
  unsigned seen = 0;
  bool twice = false;
  for (const argument_test& test : tests) {
    twice |= (seen >> test.index) & 1;
    seen |= 1u << test.index;
  }
  if (!twice) return {tests};
  std::vector<std::vector<argument_test>> each;
  each.reserve(tests.size());
  for (const argument_test& test : tests) each.push_back({test});
  return each;
}

// --- conditions -------------------------------------------------------------------------------

using version = std::pair<unsigned, unsigned>;

std::optional<version> parse_version(std::string_view text) {
  version found;
  const char* const end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, found.first);
  if (major.ec != std::errc{} || major.ptr == end || *major.ptr != '.') return std::nullopt;
  const auto minor = std::from_chars(major.ptr + 1, end, found.second);
  if (minor.ec != std::errc{}) return std::nullopt;
  return found;
}

version running_kernel() {
  utsname names{};
  if (::uname(&names) == -1) return {};
  return parse_version(names.release).value_or(version{});
}

class profile_reader {
 public:
  explicit profile_reader(const oci_conditions& conditions) : conditions_(conditions) {}

  syscall_policy read(const node& root) {
    root.expect_members({"architectures", "archMap", "comment", "defaultAction", "defaultErrno",
                         "defaultErrnoRet", "flags", "listenerMetadata", "listenerPath",
                         "syscalls"});
    if (const auto path = root.find("listenerPath")) path->fail("is not supported");
    policy_.otherwise = read_action(root.at("defaultAction"), root.find("defaultErrnoRet"),
                                    root.find("defaultErrno"));
    if (const auto entries = root.find("syscalls"))
      entries->for_each([&](const node& entry) { read_entry(entry); });
    return std::move(policy_);
  }

 private:
  void read_entry(const node& entry) {
    entry.expect_members({"action", "args", "comment", "errno", "errnoRet", "excludes", "includes",
                          "name", "names"});
    const syscall_action action =
        read_action(entry.at("action"), entry.find("errnoRet"), entry.find("errno"));
    const auto tests = read_tests(entry.find("args"));
    const auto includes = entry.find("includes");
    const auto excludes = entry.find("excludes");
    const bool included = !includes || holds(*includes, true);
    const bool excluded = excludes && holds(*excludes, false);
    const auto add = [&](const node& name) {
      for (const auto& each : tests)
        if (included && !excluded) add_rule(name, each, action);
    };
    if (const auto name = entry.find("name")) return add(*name);
    entry.at("names").for_each(add);
  }

  void add_rule(const node& name, const std::vector<argument_test>& tests,
                const syscall_action& action) {
    const bool permits = action.what == kind::allow || action.what == kind::log;
    if (policy_.allow.size() + policy_.deny.size() == most_rules)
      name.fail("there are more rules than a filter can hold");
    (permits ? policy_.allow : policy_.deny)
        .push_back({std::string{name.text()}, tests, action, /*optional=*/true});
  }

  // All conditions (`every`), or any one of them.
  [[nodiscard]] bool holds(const node& from, bool every) const {
    from.expect_members({"arches", "caps", "minKernel"});
    bool all = true;
    bool any = false;
    const auto take = [&](bool met) {
      all &= met;
      any |= met;
    };
    if (const auto names = from.find("arches")) {
      bool ours = false;
      names->for_each([&](const node& name) { ours |= name.text() == this_architecture; });
      take(ours);
    }
    if (const auto names = from.find("caps"))
      names->for_each([&](const node& name) { take(keeps(name.text())); });
    if (const auto least = from.find("minKernel")) {
      const auto needed = parse_version(least->text());
      if (!needed) least->fail("is no version: " + std::string{least->text()});
      take(running_kernel() >= *needed);
    }
    return every ? all : any;
  }

  [[nodiscard]] bool keeps(std::string_view capability) const {
    const auto& kept = conditions_.capabilities;
    return std::find(kept.begin(), kept.end(), capability) != kept.end();
  }

  const oci_conditions& conditions_;
  syscall_policy policy_;
};

}  // namespace

boost::system::result<syscall_policy, filter_error> read_oci_profile(
    std::string_view text, const oci_conditions& conditions) {
  if (text.size() > largest_profile) return filter_error{{}, "is larger than a megabyte"};
  boost::system::error_code failure;
  const json::value root = json::parse({text.data(), text.size()}, failure);
  if (failure) return filter_error{{}, "is not JSON: " + failure.message()};
  try {
    return profile_reader{conditions}.read({root, {}});
  } catch (const bad_profile& bad) {
    return bad.error;
  }
}

}  // namespace emilua::sandbox
