#include "lib/sandbox/plan.h"

#include <linux/sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "lib/sandbox/cgroup.h"
#include "lib/sandbox/namespaces.h"
#include "lib/sandbox/plan_calls.h"
#include "lib/sandbox/plan_draft.h"
#include "lib/sandbox/plan_ids.h"
#include "lib/sandbox/plan_landlock.h"
#include "lib/sandbox/plan_mounts.h"
#include "lib/sandbox/seccomp_filter.h"

namespace emilua::sandbox {
namespace {

// The first field that says something about a process that is still to be made.
std::optional<policy_error> unsuited(const policy& policy, subject who) {
  const sandbox::policy plain;
  const bool runs = who == subject::self;
  const struct {
    const char* field;
    bool set;
  } fields[] = {
      {"fs.root", policy.fs.root == root_kind::empty},
      {"fs.mounts", !policy.fs.mounts.empty()},
      {"net.loopback", policy.net.loopback},
      {"namespaces", policy.namespaces && !policy.namespaces->empty()},
      {"user", !(policy.user == plain.user)},
      {"limits.wall_time", policy.limits.wall_time.has_value()},
      {"limits.cgroup", !(policy.limits.cgroup == plain.limits.cgroup)},
      {"cwd", policy.cwd != plain.cwd},
      {"hostname", policy.hostname.has_value()},
      {"env", runs && !policy.env.empty()},
      {"umask", runs && policy.umask.has_value()},
      {"nice", runs && policy.nice.has_value()},
      {"oom_score_adj", runs && policy.oom_score_adj.has_value()},
  };
  for (const auto& [field, set] : fields)
    if (set) return policy_error{field, "only a process that is still to be made can have it"};
  return std::nullopt;
}

class planner {
 public:
  planner(const policy& policy, const support& support, const plan_context& context)
      : policy_(policy),
        support_(support),
        context_(context),
        draft_{.wanted = policy, .here = support, .context = context} {}

  policy_result<plan> make() {
    if (is_in_place(context_.who)) return make_in_place();
    choose_root();
    choose_namespaces();
    calls_.emplace(policy_, context_.who,
                   call_context{.own_network = has(CLONE_NEWNET),
                                .attributes = !unruled_attributes(),
                                .terminal = context_.terminal});
    id_planner ids{draft_};
    begin();
    ids.map();
    set_process();
    plan_limits_of_the_host();
    plan_network();
    ids.appear();
    plan_files();
    if (policy_.hostname) plan_hostname();
    if (policy_.umask) add_number(step_kind::set_umask, "umask", *policy_.umask);
    enter_network();
    ids.change();
    ids.drop_capabilities();
    if (!policy_.dumpable) add({step_kind::forbid_dumps, "dumpable"});
    add({step_kind::forbid_privileges, "no_new_privs"});
    restrict_paths_and_ports();
    report_outside();
    // Whoever can have no children has none to look after, and can be process 1 itself.
    if (has(CLONE_NEWPID) &&
        (context_.who == subject::program || !support_.filters || calls_->may_make_processes()))
      add({step_kind::split_first_process, "namespaces"});
    // Process 1 stays the leader of the session: so there is somebody to see the program stopped.
    if (context_.terminal && has(CLONE_NEWPID)) add({step_kind::lead_terminal, "terminal"});
    limit_resources(ids);
    if (auto failed = filter_calls(); !failed) return failed.error();
    return std::move(plan_);
  }

 private:
  policy_result<plan> make_in_place() {
    calls_.emplace(policy_, context_.who, call_context{.attributes = false});
    id_planner ids{draft_};
    set_process();
    plan_network();
    if (policy_.umask) add_number(step_kind::set_umask, "umask", *policy_.umask);
    ids.drop_capabilities();
    if (!policy_.dumpable) add({step_kind::forbid_dumps, "dumpable"});
    add({step_kind::forbid_privileges, "no_new_privs"});
    restrict_paths_and_ports();
    report_outside();
    limit_resources(ids);
    if (auto failed = filter_calls(); !failed) return failed.error();
    return std::move(plan_);
  }

  void add(step s) { draft_.add(std::move(s)); }
  void add_number(step_kind kind, const char* clause, std::uint64_t number,
                  std::uint64_t number2 = 0) {
    draft_.add_number(kind, clause, number, number2);
  }
  void enforced(std::string clause, std::string mechanism) {
    draft_.enforced(std::move(clause), std::move(mechanism));
  }
  void compromise(level level, std::string clause, std::string mechanism, std::string why,
                  std::string remedy = "") {
    draft_.compromise(level, std::move(clause), std::move(mechanism), std::move(why),
                      std::move(remedy));
  }
  void missing_namespace(std::string clause, namespace_set kind) {
    draft_.missing_namespace(std::move(clause), kind);
  }
  [[nodiscard]] bool has(namespace_set kind) const { return draft_.has(kind); }
  [[nodiscard]] bool can(namespace_set kind) const { return draft_.can(kind); }

  [[nodiscard]] bool grants_paths() const { return policy_.fs.grants_paths(); }
  [[nodiscard]] bool grants_ports() const { return policy_.net.grants_ports(); }
  // Nothing of the host's network is granted.
  [[nodiscard]] bool own_network() const {
    return policy_.net.kind == net_kind::none ||
           (policy_.net.kind == net_kind::some && (policy_.net.loopback || !grants_ports()));
  }

  void choose_root() {
    empty_root_ = policy_.fs.root_in_force() == root_kind::empty;
    if (policy_.fs.root == root_kind::automatic && empty_root_ && policy_.fs.mounts.empty()) {
      // Nothing is to be reached: Landlock can see to that as well, if no mount namespace can.
      if (!may_make(CLONE_NEWNS) && support_.landlock_abi > 0) empty_root_ = false;
    }
    // The other way round: paths are granted, and there is no Landlock to grant them.
    if (!empty_root_ && support_.landlock_abi == 0 && may_make(CLONE_NEWNS)) binds_ = true;
    // Landlock does not rule modes, owners and times of files; a read-only mount does.
    written_apart_ = !empty_root_ && !binds_ && may_make(CLONE_NEWNS) &&
                     changes_attributes(policy_, context_.who) && !writes_everywhere(policy_.fs);
    needs_mounts_ = empty_root_ || binds_ || written_apart_ || !policy_.fs.mounts.empty();
  }

  [[nodiscard]] bool unruled_attributes() const {
    return !empty_root_ && !binds_ && !written_apart_ && !writes_everywhere(policy_.fs);
  }

  // Whether the policy leaves it to us, or asks for it, and the kernel can.
  [[nodiscard]] bool may_make(namespace_set kind) const {
    return can(kind) && (!policy_.namespaces || listed(kind));
  }
  [[nodiscard]] bool listed(namespace_set kind) const {
    return std::ranges::any_of(*policy_.namespaces, [&](const std::string& name) {
      return namespace_by_name(name) == kind;
    });
  }

  void choose_namespaces() {
    namespace_set wanted = 0;
    if (policy_.namespaces) {
      for (const std::string& name : *policy_.namespaces) wanted |= *namespace_by_name(name);
      for (const named_namespace& kind : namespace_kinds()) {
        if (!(wanted & kind.flag)) continue;
        if (can(kind.flag))
          enforced(clause_of(kind), "namespace");
        else
          missing_namespace(clause_of(kind), kind.flag);
      }
      wanted &= support_.namespaces;
    } else {
      wanted = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
      if (needs_mounts_) wanted |= CLONE_NEWNS;
      if (own_network()) wanted |= CLONE_NEWNET;
      wanted &= support_.namespaces;
    }
    plan_.namespaces = wanted;
  }

  static std::string clause_of(const named_namespace& kind) {
    return "namespaces." + std::string{kind.name};
  }

  void begin() {
    plan_.cloned = plan_.namespaces & ~namespace_set{CLONE_NEWNET};
    if (!(policy_.limits.cgroup == cgroup_policy{})) join_cgroup();
    if (policy_.die_with_parent) add({step_kind::arm_death_signal, "die_with_parent"});
    if (policy_.new_session || context_.terminal) add({step_kind::new_session, "new_session"});
    if (context_.terminal) add({step_kind::take_terminal, "terminal"});
    if (has(CLONE_NEWNET)) add({step_kind::begin_network, "namespaces"});
  }

  // As late as the right to do it lasts.
  void enter_network() {
    if (!has(CLONE_NEWNET)) return;
    add({step_kind::enter_network, "namespaces"});
    if (policy_.net.kind == net_kind::some && policy_.net.loopback)
      add({step_kind::raise_loopback, "net.loopback"});
  }

  void join_cgroup() {
    constexpr const char* clause = "limits.cgroup";
    constexpr const char* delegated =
        "a cgroup (version 2) that is delegated to you: systemd-run --user --scope -p Delegate=yes";
    if (support_.cgroup_error != 0)
      return compromise(level::off, clause, "",
                        std::string{"no cgroup: "} + std::strerror(support_.cgroup_error),
                        delegated);
    for (const std::string_view name : controllers_of(policy_.limits.cgroup))
      if (std::ranges::find(support_.controllers, name) == support_.controllers.end())
        return compromise(level::off, clause, "",
                          "the controller " + std::string{name} + " is not to be had",
                          std::string{delegated} +
                              "; or limits.address_space and limits.processes, for each process");
    plan_.cgroup = policy_.limits.cgroup;
    add({step_kind::join_cgroup, clause, "", in_words(*plan_.cgroup),
         plan_.namespaces & CLONE_NEWCGROUP});
    // Made by the clone it would begin with the host's cgroup, from where limits can be changed.
    plan_.cloned &= ~namespace_set{CLONE_NEWCGROUP};
    enforced(clause, "cgroup");
  }

  // What the kernel keeps with the process, and no mechanism enforces.
  void set_process() {
    if (policy_.oom_score_adj)
      add({step_kind::write_file, "oom_score_adj", "/proc/self/oom_score_adj",
           std::to_string(*policy_.oom_score_adj)});
    if (policy_.nice)
      add_number(step_kind::set_priority, "nice", static_cast<std::uint64_t>(*policy_.nice));
  }

  void plan_limits_of_the_host() {
    plan_.close_fds = policy_.close_fds;
    plan_.dies_with_host = policy_.die_with_parent;
    if (!policy_.close_fds && context_.who == subject::actor)
      compromise(level::off, "close_fds", "", "an actor begins with nothing but what it is sent",
                 "close_fds = true, and descriptors in messages");
    plan_.wall_time = policy_.limits.wall_time;
    if (plan_.wall_time) enforced("limits.wall_time", "timer of the supervisor");
  }

  void plan_network() {
    const net_policy& net = policy_.net;
    if (net.kind == net_kind::all) return;
    if (has(CLONE_NEWNET)) {
      enforced("net", "network namespace");
    } else if (own_network()) {
      if (net.loopback) return missing_namespace("net.loopback", CLONE_NEWNET);
      if (!support_.filters || calls_->may_open_sockets())
        missing_namespace("net", CLONE_NEWNET);
      else
        enforced("net", "system-call filter");
    }
    if (!grants_ports()) return;
    if (support_.landlock_abi >= 4 && policy_.syscalls && stands_for_itself(*policy_.syscalls))
      compromise(level::weaker, "net.ports", "Landlock",
                 "the filter is the policy's own, and may permit what is not TCP",
                 "promises beside `raw`");
    else if (support_.landlock_abi >= 4)
      enforced("net.ports", "Landlock, and a system-call filter for what is not TCP");
    else
      compromise(level::off, "net.ports", "", "Landlock of this kernel does not rule ports",
                 "Linux 6.7 or later");
  }

  void plan_files() {
    if (!needs_mounts_) return add({step_kind::change_directory, "cwd", policy_.cwd});
    if (!has(CLONE_NEWNS)) return missing_namespace("fs.mounts", CLONE_NEWNS);
    const bool whole = empty_root_ || binds_;
    const mount_context around{.own_root = whole,
                               .written_apart = written_apart_,
                               .root_user = draft_.root_user(),
                               .user_namespace = has(CLONE_NEWUSER),
                               .pid_namespace = has(CLONE_NEWPID)};
    mount_planner mounts{around, plan_};
    mounts.begin();
    if (binds_) mounts.bind_grants(policy_.fs);
    if (binds_ && !policy_.fs.within.empty())
      compromise(level::off, "fs.within", "", "only Landlock asks several lists of grants",
                 remedy_for_landlock(support_.landlock_error));
    if (written_apart_) mounts.bind_written(policy_.fs);
    for (std::size_t i = 0; i < policy_.fs.mounts.size(); ++i)
      mounts.add(policy_.fs.mounts[i], "fs.mounts[" + std::to_string(i) + "]");
    mounts.finish(policy_.cwd);
    if (written_apart_ && policy_.fs.mounts.empty()) return;
    enforced(binds_ ? "fs" : "fs.mounts",
             whole ? "mount namespace with a root of its own" : "mount namespace");
    if (whole && support_.landlock_abi == 0)
      plan_.report.back().why = "who is handed a directory from outside can leave it upwards";
  }

  void plan_hostname() {
    if (!has(CLONE_NEWUTS)) return missing_namespace("hostname", CLONE_NEWUTS);
    add({step_kind::set_hostname, "hostname", "", *policy_.hostname});
    enforced("hostname", "uts namespace");
  }

  void restrict_paths_and_ports() {
    const landlock_context around{
        .own_root = empty_root_,
        .binds = binds_,
        .written_apart = written_apart_,
        .unruled_attributes =
            unruled_attributes() && (calls_->may(promise::fattr) || calls_->may(promise::chown))};
    landlock_planner{around, draft_}.restrict();
  }

  // What is outside the box: its processes, its sockets without a name in the file system, and the
  // System V objects that all may have in common.
  void report_outside() {
    const bool scoped = support_.landlock_abi >= 6;
    const auto lacks = [&](promise p) { return support_.filters && !calls_->may(p); };
    if (!policy_.ipc.signals)
      report_lock("ipc.signals", CLONE_NEWPID, scopes_signals(support_, context_.who),
                  lacks(promise::proc));
    if (!policy_.ipc.abstract_unix)
      report_lock("ipc.abstract_unix", CLONE_NEWNET, scoped, lacks(promise::unix));
    report_lock("ipc", CLONE_NEWIPC, false, lacks(promise::shm));
    if (!policy_.die_with_parent || is_in_place(context_.who)) return;
    if (has(CLONE_NEWPID))
      enforced("die_with_parent", "pid namespace, and the parent-death signal");
    else if (lacks(promise::proc))
      enforced("die_with_parent", "parent-death signal");
    else
      compromise(level::weaker, "die_with_parent", "parent-death signal",
                 "what the box starts outlives it without a pid namespace",
                 remedy_for_namespace(CLONE_NEWPID, support_.error_of(CLONE_NEWPID)));
  }

  void report_lock(const char* clause, namespace_set kind, bool scoped, bool filtered) {
    if (has(kind))
      enforced(clause, "namespace");
    else if (scoped)
      enforced(clause, "Landlock's scopes");
    else if (filtered)
      enforced(clause, "system-call filter");
    else
      missing_namespace(clause, kind);
  }

  void limit_resources(const id_planner& ids) {
    auto limits = policy_.limits.rlimits;
    if (!policy_.dumpable) limits.try_emplace("core", 0);
    if (is_executed(context_.who) && !calls_->may_execute()) {
      // The program's own descriptor gets the first number that it can never have again; the
      // kernel's tables grow up to it.
      const std::uint64_t most = context_.descriptor_limit - 1;
      const auto it = limits.try_emplace("open_files", 1024).first;
      it->second = std::min(it->second, most);
      plan_.exec_descriptor = static_cast<int>(it->second);
    }
    for (const named_limit& limit : limit_names()) {
      const auto it = limits.find(std::string{limit.name});
      if (it == limits.end()) continue;
      add_number(step_kind::set_limit, ("limits." + it->first).c_str(),
                 static_cast<std::uint64_t>(limit.resource), it->second);
      if (!policy_.limits.rlimits.contains(it->first)) continue;
      if (limit.resource == RLIMIT_NPROC && ids.stays_root())
        compromise(level::off, "limits.processes", "", "the kernel does not count root's processes",
                   "another user");
      else
        enforced("limits." + it->first, "rlimit");
    }
  }

  policy_result<> filter_calls() {
    if (!support_.filters) {
      compromise(level::off, "syscalls", "",
                 std::string{"no filters of system calls: "} + std::strerror(support_.filter_error),
                 "a kernel built with CONFIG_SECCOMP_FILTER");
      return {};
    }
    filter_context start;
    if (plan_.exec_descriptor != -1)
      start.exec = permitted_exec{plan_.exec_descriptor, context_.empty_path};
    const bool cached = context_.filters != nullptr && !start.exec;
    const auto& policies = calls_->policies();
    auto filter = cached ? context_.filters->compile(policies) : compile_filter(policies, start);
    if (!filter) return fault_of(filter.error());
    if (filter->notifying)
      return policy_error{"syscalls", "the action notify needs a supervisor, and a box has none"};
    for (std::string& program : filter->programs)
      add({step_kind::install_filter, "syscalls", "", std::move(program)});
    plan_.promises = calls_->promises();
    plan_.skipped_calls = std::move(filter->skipped);
    enforced("syscalls", "system-call filter: " + to_text(plan_.promises));
    return {};
  }

  static policy_error fault_of(const filter_error& error) {
    std::string where = "syscalls";
    if (error.policy > 0) where += "_within[" + std::to_string(error.policy - 1) + "]";
    if (!error.where.empty()) where += "." + error.where;
    return {std::move(where), error.what};
  }

  const policy& policy_;
  const support& support_;
  const plan_context& context_;
  plan_draft draft_;
  plan& plan_ = draft_.made;
  std::optional<wanted_calls> calls_;
  bool empty_root_ = false;
  bool binds_ = false;          // granted paths are mounts, for want of Landlock
  bool written_apart_ = false;  // what may be written are mounts, in a tree that is read-only
  bool needs_mounts_ = false;
};

}  // namespace

const char* level_name(level level) noexcept {
  switch (level) {
    case level::enforced:
      return "enforced";
    case level::weaker:
      return "weaker";
    case level::off:
      return "off";
  }
  return "?";
}

const clause_report* plan::compromise() const noexcept {
  const auto it = std::ranges::find_if(
      report, [](const clause_report& clause) { return clause.enforced != level::enforced; });
  return it == report.end() ? nullptr : &*it;
}

policy_result<> check(const policy& policy, subject who) {
  if (auto checked = check(policy); !checked) return checked;
  if (!is_in_place(who)) return {};
  auto fault = unsuited(policy, who);
  return fault ? policy_result<>{std::move(*fault)} : policy_result<>{};
}

policy_result<plan> make_plan(const policy& policy, const support& support,
                              const plan_context& context) {
  if (auto checked = check(policy, context.who); !checked) return checked.error();
  auto made = planner{policy, support, context}.make();
  if (!made || policy.mode == policy_mode::best_effort) return made;
  if (const clause_report* weak = made->compromise()) {
    std::string what = "cannot be enforced here";
    if (weak->enforced == level::weaker) what = "can be enforced here only in part";
    what += " (" + weak->why + ")";
    if (!weak->remedy.empty()) what += "; what would help: " + weak->remedy;
    return policy_error{weak->clause, std::move(what)};
  }
  return made;
}

}  // namespace emilua::sandbox
