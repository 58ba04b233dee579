// Inside, an error is thrown; none leaves this file.
#include "lib/sandbox/policy_restrict.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace emilua::sandbox {
namespace {

[[noreturn]] void fail(std::string where, std::string what) {
  throw policy_error{std::move(where), std::move(what)};
}

template <class T>
bool contains(const std::vector<T>& list, const T& value) {
  return std::ranges::find(list, value) != list.end();
}

// In the order of `a`.
template <class T>
std::vector<T> common(const std::vector<T>& a, const std::vector<T>& b) {
  std::vector<T> out;
  std::ranges::copy_if(a, std::back_inserter(out), [&](const T& x) { return contains(b, x); });
  return out;
}

// Of values that restrict, the one that does so more; none restricts least.
template <class T, class Choose>
std::optional<T> stricter(const std::optional<T>& a, const std::optional<T>& b, Choose choose) {
  if (!a || !b) return a ? a : b;
  return choose(*a, *b);
}

constexpr auto smaller = [](auto a, auto b) { return std::min(a, b); };
constexpr auto larger = [](auto a, auto b) { return std::max(a, b); };

// --- paths -------------------------------------------------------------------------------------

bool is_beneath(std::string_view path, std::string_view directory) {
  while (directory.ends_with('/')) directory.remove_suffix(1);
  return path.starts_with(directory) &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

bool overlap(std::string_view a, std::string_view b) {
  return is_beneath(a, b) || is_beneath(b, a);
}

bool same_place(const granted_path& a, const granted_path& b) { return a.path == b.path; }

// Whether all that `inner` grants is in `outer` as well, word for word.
bool includes(const path_grants& outer, const path_grants& inner) {
  const auto all = [](const std::vector<granted_path>& big,
                      const std::vector<granted_path>& small) {
    return std::ranges::all_of(small, [&](const granted_path& grant) {
      return std::ranges::any_of(big, [&](const granted_path& g) { return same_place(g, grant); });
    });
  };
  const auto ruled = [&](const exact_grant& rule) {
    return std::ranges::any_of(outer.rules, [&](const exact_grant& r) {
      return r.path == rule.path && std::ranges::all_of(rule.access, [&](const std::string& right) {
               return contains(r.access, right);
             });
    });
  };
  return all(outer.read, inner.read) && all(outer.write, inner.write) &&
         all(outer.exec, inner.exec) && std::ranges::all_of(inner.rules, ruled);
}

using grant_lists = std::vector<path_grants>;

// All that is asked about a path. Nothing in a tree of the box's own that no grant restricts.
grant_lists lists_of(const fs_policy& fs) {
  grant_lists lists;
  if (!fs.rules_paths() && fs.root_in_force() == root_kind::empty && !fs.mounts.empty())
    return lists;
  lists.push_back(static_cast<const path_grants&>(fs));
  lists.insert(lists.end(), fs.within.begin(), fs.within.end());
  return lists;
}

// A move between directories is refused where the file would gain a right. Whether it does, each
// list says for itself.
bool grants_moves(const path_grants& list) {
  return !list.write.empty() || std::ranges::any_of(list.rules, [](const exact_grant& rule) {
    return contains(rule.access, std::string{"refer"});
  });
}

// Without those that another one includes in any case.
grant_lists unite(const grant_lists& a, const grant_lists& b) {
  grant_lists all = a;
  all.insert(all.end(), b.begin(), b.end());
  grant_lists out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto is_stricter = [&](std::size_t j) {
      if (all[i] == all[j]) return j < i;
      return i != j && !grants_moves(all[j]) && includes(all[i], all[j]) &&
             (j < i || !includes(all[j], all[i]));
    };
    bool needed = true;
    for (std::size_t j = 0; j < all.size(); ++j) needed = needed && !is_stricter(j);
    if (needed) out.push_back(all[i]);
  }
  return out;
}

// --- mounts ------------------------------------------------------------------------------------

// The same thing at the same place, whatever may be done to it.
bool same_mount(const mount_entry& a, const mount_entry& b) {
  return a.kind == b.kind && a.target == b.target && a.source == b.source &&
         a.content == b.content && a.recursive == b.recursive && a.mode == b.mode &&
         a.lower == b.lower && a.upper == b.upper && a.work == b.work;
}

mount_entry merge(const mount_entry& a, const mount_entry& b) {
  mount_entry out = a;
  out.readonly = a.readonly || b.readonly;
  out.noexec = a.noexec || b.noexec;
  out.nosuid = a.nosuid || b.nosuid;
  out.nodev = a.nodev || b.nodev;
  out.optional = a.optional && b.optional;
  out.size = stricter(a.size, b.size, smaller);
  return out;
}

// What both mount, in the order of both.
class mount_merger {
 public:
  mount_merger(const fs_policy& a, const fs_policy& b) {
    std::vector<bool> matched_a(a.mounts.size()), matched_b(b.mounts.size());
    std::size_t next = 0;
    for (std::size_t i = 0; i < a.mounts.size(); ++i) {
      std::size_t j = next;
      while (j < b.mounts.size() && !same_mount(a.mounts[i], b.mounts[j])) ++j;
      if (j == b.mounts.size()) continue;
      out_.push_back(merge(a.mounts[i], b.mounts[j]));
      matched_a[i] = matched_b[j] = true;
      next = j + 1;
    }
    expect_nothing_beneath(a, matched_a, "one policy");
    expect_nothing_beneath(b, matched_b, "the other policy");
  }

  [[nodiscard]] std::vector<mount_entry> result() && { return std::move(out_); }

 private:
  // What is left out must hide nothing that can be reached: it would come to light. In the host's
  // tree everything can, if only to be looked at.
  void expect_nothing_beneath(const fs_policy& fs, const std::vector<bool>& matched,
                              const char* whose) const {
    const bool hosts = fs.root_in_force() == root_kind::host;
    for (std::size_t i = 0; i < fs.mounts.size(); ++i) {
      if (matched[i]) continue;
      const bool hides = hosts || std::ranges::any_of(out_, [&](const mount_entry& kept) {
                           return overlap(kept.target, fs.mounts[i].target);
                         });
      if (hides)
        fail("fs.mounts[" + std::to_string(i) + "]",
             std::string{whose} + " mounts this alone, and what is beneath it would come to light");
    }
  }

  std::vector<mount_entry> out_;
};

root_kind merge_root(const fs_policy& a, const fs_policy& b) {
  const root_kind in_force = a.root_in_force();
  if (in_force == root_kind::host) return root_kind::host;
  return a.root == b.root ? a.root : in_force;
}

// One has the host's tree, the other one of its own: no path means the same in both.
fs_policy merge_trees(const fs_policy& own, const fs_policy& host) {
  if (!own.mounts.empty() && (host.grants_paths() || !host.mounts.empty()))
    fail("fs.root", "one policy grants paths of the host, the other has a root of its own");
  fs_policy nothing;
  nothing.root = own.root;
  return nothing;
}

fs_policy merge(const fs_policy& a, const fs_policy& b) {
  const root_kind root = a.root_in_force();
  if (root != b.root_in_force())
    return root == root_kind::empty ? merge_trees(a, b) : merge_trees(b, a);
  fs_policy out;
  out.mounts = mount_merger{a, b}.result();
  out.root = merge_root(a, b);
  grant_lists lists = unite(lists_of(a), lists_of(b));
  if (lists.empty()) return out;
  static_cast<path_grants&>(out) = std::move(lists.front());
  out.within.assign(std::move_iterator{lists.begin() + 1}, std::move_iterator{lists.end()});
  return out;
}

// --- network -----------------------------------------------------------------------------------

// In a network of its own that is up, no ports named means all.
std::vector<std::uint16_t> open_ports(const net_policy& a, const net_policy& b,
                                      std::vector<std::uint16_t> net_policy::*list) {
  if (!a.grants_ports()) return b.*list;
  if (!b.grants_ports()) return a.*list;
  return common(a.*list, b.*list);
}

// In a namespace of its own there is no network around to be granted.
net_policy reached(const policy& p) {
  net_policy net = p.net;
  const bool apart = p.namespaces && contains(*p.namespaces, std::string{"net"});
  if (!apart || net.kind == net_kind::none) return net;
  if (net.kind == net_kind::all) {
    net.kind = net_kind::some;
    net.unix_sockets = true;
  }
  if (!net.loopback) net.connect = net.bind = {};
  return net;
}

net_policy merge(const net_policy& a, const net_policy& b) {
  if (a.kind != net_kind::some || b.kind != net_kind::some) {
    if (a.kind == net_kind::none || b.kind == net_kind::none) return {};
    return a.kind == net_kind::all ? b : a;
  }
  net_policy out;
  out.kind = net_kind::some;
  out.unix_sockets = a.unix_sockets && b.unix_sockets;
  if (a.loopback != b.loopback) return out;  // ports of different networks
  if (!a.loopback) {
    out.connect = common(a.connect, b.connect);
    out.bind = common(a.bind, b.bind);
    return out;
  }
  out.connect = open_ports(a, b, &net_policy::connect);
  out.bind = open_ports(a, b, &net_policy::bind);
  out.loopback = out.grants_ports() || (!a.grants_ports() && !b.grants_ports());
  return out;
}

// --- system calls ------------------------------------------------------------------------------

// The policies whose filters a call has to pass; the first is none if the rest of the policy tells.
void merge_calls(const policy& a, const policy& b, policy& out) {
  std::vector<syscall_policy> all;
  const auto collect = [&](const syscall_policy& calls) {
    if (!contains(all, calls)) all.push_back(calls);
  };
  for (const policy* p : {&a, &b}) {
    if (p->syscalls) collect(*p->syscalls);
    std::ranges::for_each(p->syscalls_within, collect);
  }
  std::string raw;
  for (const syscall_policy& calls : all) {
    if (!raw.empty() && !calls.raw.empty() && calls.raw != raw)
      fail("syscalls.raw", "two filters that come as bytes cannot be joined");
    if (raw.empty()) raw = calls.raw;
  }
  // What the rest of the result needs is no more than what each of the two needs.
  if (a.syscalls && b.syscalls) {
    out.syscalls = std::move(all.front());
    all.erase(all.begin());
  }
  out.syscalls_within = std::move(all);
}

// --- the rest ----------------------------------------------------------------------------------

// What "auto" comes to where all kinds can be made, as far as it matters to the result.
std::vector<std::string> automatic_namespaces(const policy& result) {
  std::vector<std::string> names{"user", "pid", "ipc", "uts", "cgroup"};
  const net_policy& net = result.net;
  if (net.kind == net_kind::none ||
      (net.kind == net_kind::some && (net.loopback || !net.grants_ports())))
    names.emplace_back("net");
  if (result.fs.root_in_force() == root_kind::empty || !result.fs.mounts.empty())
    names.emplace_back("mount");
  return names;
}

// Namespaces separate: the result is in all that one of the two asks for.
void merge_namespaces(const policy& a, const policy& b, policy& out) {
  if (!a.namespaces && !b.namespaces) return;
  out.namespaces = a.namespaces ? *a.namespaces : automatic_namespaces(out);
  for (const std::string& name : b.namespaces ? *b.namespaces : automatic_namespaces(out))
    if (!contains(*out.namespaces, name)) out.namespaces->push_back(name);
}

template <class T>
T same(const char* where, const T& a, const T& b) {
  if (!(a == b)) fail(where, "the two policies differ, and neither means less");
  return a;
}

// The ids that are the same in both maps.
id_ranges common_ids(const id_ranges& a, const id_ranges& b) {
  id_ranges out;
  for (const id_range& x : a)
    for (const id_range& y : b) {
      const std::uint32_t first = std::max(x.inside, y.inside);
      const std::uint32_t end = std::min(x.inside + x.count, y.inside + y.count);
      if (first >= end || x.outside - x.inside != y.outside - y.inside) continue;
      out.push_back({first, x.outside + (first - x.inside), end - first});
    }
  return out;
}

id_map_policy merge_maps(const user_policy& a, const user_policy& b) {
  // Who has more ids can do without groups that keep the other one out.
  if (a.map.kind != id_map_kind::list || b.map.kind != id_map_kind::list || a.map == b.map)
    return same("user.map", a.map, b.map);
  id_map_policy out{.kind = id_map_kind::list,
                    .listed = {common_ids(a.map.listed.uids, b.map.listed.uids),
                               common_ids(a.map.listed.gids, b.map.listed.gids)}};
  if (out.listed.uids.empty() || out.listed.gids.empty())
    fail("user.map", "the two policies have no id in common");
  // Which one of a list it is depends on the list.
  if (!a.uid || !a.gid) fail("user.uid", "where maps differ, uid and gid must be named");
  return out;
}

user_policy merge(const user_policy& a, const user_policy& b) {
  user_policy out;
  out.uid = same("user.uid", a.uid, b.uid);
  out.gid = same("user.gid", a.gid, b.gid);
  out.map = merge_maps(a, b);
  if (a.groups && b.groups) {
    out.groups = common(*a.groups, *b.groups);
  } else if (const auto& named = a.groups ? a.groups : b.groups; named && named->empty()) {
    out.groups = named;
  } else {
    out.groups = same("user.groups", a.groups, b.groups);
  }
  return out;
}

// "QUOTA PERIOD" or "max PERIOD", in microseconds; the period may be left out.
struct cpu_share {
  std::uint64_t quota = ~std::uint64_t{0}, period = 100000;

  static std::optional<cpu_share> parse(std::string_view text) {
    cpu_share out;
    const std::size_t blank = text.find(' ');
    const std::string_view quota = text.substr(0, blank);
    const auto number = [](std::string_view digits, std::uint64_t& to) {
      const auto [end, error] = std::from_chars(digits.begin(), digits.end(), to);
      return error == std::errc{} && end == digits.end();
    };
    if (quota != "max" && !number(quota, out.quota)) return std::nullopt;
    if (blank != text.npos && !number(text.substr(blank + 1), out.period)) return std::nullopt;
    return out;
  }

  // In any stretch of time.
  [[nodiscard]] bool is_within(const cpu_share& other) const {
    return quota <= other.quota && period >= other.period;
  }
};

std::string merge_cpu(const std::string& a, const std::string& b) {
  if (a == b || a.empty() || b.empty()) return a.empty() ? b : a;
  const auto share = cpu_share::parse(a), other = cpu_share::parse(b);
  if (share && other && share->is_within(*other)) return a;
  if (share && other && other->is_within(*share)) return b;
  fail("limits.cgroup.cpu_max", "neither '" + a + "' nor '" + b + "' is always less");
}

limit_policy merge(const limit_policy& a, const limit_policy& b) {
  limit_policy out = a;
  for (const auto& [name, value] : b.rlimits) {
    const auto it = out.rlimits.try_emplace(name, value).first;
    it->second = std::min(it->second, value);
  }
  out.wall_time = stricter(a.wall_time, b.wall_time, smaller);
  cgroup_policy& group = out.cgroup;
  group.memory_max = stricter(group.memory_max, b.cgroup.memory_max, smaller);
  group.memory_swap_max = stricter(group.memory_swap_max, b.cgroup.memory_swap_max, smaller);
  group.pids_max = stricter(group.pids_max, b.cgroup.pids_max, smaller);
  group.cpu_max = merge_cpu(group.cpu_max, b.cgroup.cpu_max);
  const std::string& io = b.cgroup.io_max;
  if (group.io_max.empty())
    group.io_max = io;
  else if (!io.empty())
    same("limits.cgroup.io_max", group.io_max, io);
  return out;
}

// What an ordinary user cannot ask for (a number below 0) only if both do.
std::optional<std::int32_t> merge_priority(const std::optional<std::int32_t>& a,
                                           const std::optional<std::int32_t>& b) {
  if (a && b) return std::max(*a, *b);
  const auto& named = a ? a : b;
  return named && *named < 0 ? std::nullopt : named;
}

policy merge(const policy& a, const policy& b) {
  policy out;
  out.fs = merge(a.fs, b.fs);
  out.net = merge(reached(a), reached(b));
  merge_calls(a, b, out);
  merge_namespaces(a, b, out);
  out.user = merge(a.user, b.user);
  out.capabilities = common(a.capabilities, b.capabilities);
  out.limits = merge(a.limits, b.limits);
  out.ipc.abstract_unix = a.ipc.abstract_unix && b.ipc.abstract_unix;
  out.ipc.signals = a.ipc.signals && b.ipc.signals;
  for (const auto& [name, value] : a.env)
    if (const auto it = b.env.find(name); it != b.env.end() && it->second == value)
      out.env[name] = value;
  out.cwd = a.cwd == "/" ? b.cwd : a.cwd;
  out.hostname = a.hostname ? a.hostname : b.hostname;
  out.umask = stricter(a.umask, b.umask, [](auto x, auto y) { return x | y; });
  out.nice = merge_priority(a.nice, b.nice);
  out.oom_score_adj = merge_priority(a.oom_score_adj, b.oom_score_adj);
  out.jit = a.jit && b.jit;
  out.new_session = a.new_session || b.new_session;
  out.die_with_parent = a.die_with_parent || b.die_with_parent;
  out.no_new_privs = a.no_new_privs || b.no_new_privs;
  out.dumpable = a.dumpable && b.dumpable;
  out.close_fds = a.close_fds || b.close_fds;
  const bool lenient = a.mode == policy_mode::best_effort && b.mode == policy_mode::best_effort;
  out.mode = lenient ? policy_mode::best_effort : policy_mode::strict;
  return out;
}

}  // namespace

policy_result<policy> restrict(const policy& policy, const struct policy& other) {
  for (const struct policy* each : {&policy, &other})
    if (auto checked = check(*each); !checked) return checked.error();
  try {
    struct policy out = merge(policy, other);
    if (auto checked = check(out); !checked) return checked.error();
    return out;
  } catch (const policy_error& e) {
    return e;
  }
}

}  // namespace emilua::sandbox
