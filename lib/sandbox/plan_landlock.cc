#include "lib/sandbox/plan_landlock.h"

#include <linux/sched.h>

#include <cstring>
#include <span>
#include <string_view>
#include <utility>

namespace emilua::sandbox {
namespace {

access_rights right(std::string_view name) {
  const auto bit = fs_right(name);
  return bit ? *bit : 0;
}

// What the words of the policy mean in Landlock's.
access_rights read_rights() { return right("read_file") | right("read_dir"); }
access_rights write_rights() {
  access_rights rights = 0;
  for (const char* name : {"write_file", "truncate", "make_dir", "make_reg", "make_sock",
                           "make_fifo", "make_sym", "remove_dir", "remove_file", "refer"})
    rights |= right(name);
  return rights;
}
// The kernel opens what it executes for reading, and asks for both rights.
access_rights exec_rights() { return right("execute") | right("read_file"); }

// All that the running ABI can rule.
access_rights known_rights(std::span<const named_right> rights, int abi) {
  access_rights known = 0;
  for (const named_right& r : rights)
    if (r.abi <= abi) known |= r.bit;
  return known;
}

access_rights mounted_rights(const mount_entry& entry) {
  access_rights rights = read_rights();
  if (!entry.noexec) rights |= exec_rights();
  if (!entry.readonly) rights |= write_rights();
  if (!entry.nodev || entry.kind == mount_kind::dev) rights |= right("ioctl_dev");
  return rights;
}

}  // namespace

// Where it would keep threads from signalling each other, it is no lock.
bool scopes_signals(const support& support, subject who) noexcept {
  return support.landlock_abi >= 6 && (who != subject::self || support.thread_signals);
}

void landlock_planner::restrict() {
  const int abi = draft_.here.landlock_abi;
  const bool rule_paths = !context_.binds && (!context_.own_root || policy_.fs.rules_paths() ||
                                              policy_.fs.mounts.empty());
  if (rule_paths) report_paths(abi);
  if (abi == 0) return;
  // What is in a root of its own was put there. What is not stays out of reach also for whoever
  // holds a descriptor of it, as a standard stream or from a message.
  const bool rule_root = context_.own_root && !rule_paths;
  const access_rights paths = rule_paths || rule_root ? known_rights(fs_rights(), abi) : 0;
  const access_rights ports =
      policy_.net.kind == net_kind::all ||
              (policy_.net.kind == net_kind::some && !policy_.net.grants_ports())
          ? 0
          : known_rights(net_rights(), abi);
  access_rights beyond = known_rights(scopes(), abi);
  if (policy_.ipc.abstract_unix) beyond &= ~scope("abstract_unix_socket").value_or(0);
  if (policy_.ipc.signals || !scopes_signals(draft_.here, draft_.context.who))
    beyond &= ~scope("signal").value_or(0);
  if ((paths | ports | beyond) == 0) return;
  const char* const clause = rule_paths ? "fs" : rule_root ? "fs.root" : "net";
  draft_.add_number(step_kind::create_ruleset, clause, paths, ports, beyond);
  if (rule_paths) allow_paths(policy_.fs, "fs", paths);
  if (rule_root) allow_root(paths);
  if (ports) allow_ports();
  draft_.add({step_kind::enforce_ruleset, clause});
  for (std::size_t i = 0; rule_paths && i < policy_.fs.within.size(); ++i) {
    const std::string list = "fs.within[" + std::to_string(i) + "]";
    draft_.add_number(step_kind::create_ruleset, list, paths);
    allow_paths(policy_.fs.within[i], list, paths);
    draft_.add({step_kind::enforce_ruleset, list});
  }
}

void landlock_planner::report_paths(int abi) {
  if (abi == 0) {
    // Without paths to rule an empty root is as good.
    if (context_.own_root && draft_.has(CLONE_NEWNS) && !policy_.fs.rules_paths()) return;
    draft_.compromise(level::off, "fs", "",
                      std::string{"no Landlock: "} + std::strerror(draft_.here.landlock_error),
                      remedy_for_landlock(draft_.here.landlock_error));
  } else if (abi < 3) {
    draft_.compromise(level::weaker, "fs", "Landlock",
                      abi < 2 ? "truncation is not ruled, and files cannot change directories"
                              : "truncation is not ruled",
                      "Linux 6.2 or later");
  } else if (context_.unruled_attributes) {
    draft_.compromise(
        level::weaker, "fs", "Landlock",
        "modes, owners and times are not ruled, and without a mount namespace nothing else "
        "rules them",
        "promises without fattr and chown");
  } else {
    draft_.enforced("fs", context_.written_apart
                              ? "Landlock, and read-only mounts for what it does not rule"
                              : "Landlock");
  }
}

void landlock_planner::allow_paths(const path_grants& grants, const std::string& list,
                                   access_rights handled) {
  const auto grant = [&](const std::string& path, bool optional, access_rights rights,
                         std::string clause) {
    step s{step_kind::allow_path, std::move(clause), path};
    s.number = rights & handled;
    if (optional) s.flags = step_optional;
    if (s.number) draft_.add(std::move(s));
  };
  const auto all = [&](const char* name, const std::vector<granted_path>& paths,
                       access_rights rights) {
    for (std::size_t i = 0; i < paths.size(); ++i)
      grant(paths[i].path, paths[i].optional, rights, list + name + "[" + std::to_string(i) + "]");
  };
  all(".read", grants.read, read_rights());
  all(".write", grants.write, write_rights());
  all(".exec", grants.exec, exec_rights());
  for (std::size_t i = 0; i < grants.rules.size(); ++i) {
    const exact_grant& rule = grants.rules[i];
    access_rights rights = 0;
    for (const std::string& name : rule.access) rights |= right(name);
    const std::string clause = list + ".rules[" + std::to_string(i) + "]";
    if ((rights & ~handled) != 0)
      draft_.compromise(level::weaker, clause, "Landlock",
                        "this kernel's ABI does not know all of it", "a later Linux");
    grant(rule.path, rule.optional, rights, clause);
  }
  // What is mounted is granted, as far as its flags let it be used.
  for (std::size_t i = 0; i < policy_.fs.mounts.size(); ++i) {
    const mount_entry& entry = policy_.fs.mounts[i];
    grant(entry.target, entry.optional, mounted_rights(entry),
          "fs.mounts[" + std::to_string(i) + "]");
  }
  allow_program(handled);
}

void landlock_planner::allow_root(access_rights handled) {
  step s{step_kind::allow_path, "fs.root", "/"};
  s.number = handled;
  draft_.add(std::move(s));
  allow_program(handled);
}

void landlock_planner::allow_program(access_rights handled) {
  if (is_executed(draft_.context.who))
    draft_.add_number(step_kind::allow_descriptor, "program", exec_rights() & handled,
                      static_cast<std::uint64_t>(draft_.context.program));
}

void landlock_planner::allow_ports() {
  for (const std::uint16_t port : policy_.net.connect)
    draft_.add_number(step_kind::allow_port, "net.connect", port,
                      net_right("connect_tcp").value_or(0));
  for (const std::uint16_t port : policy_.net.bind)
    draft_.add_number(step_kind::allow_port, "net.bind", port, net_right("bind_tcp").value_or(0));
}

}  // namespace emilua::sandbox
