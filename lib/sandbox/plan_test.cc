#include "lib/sandbox/plan.h"

#include <gtest/gtest.h>
#include <linux/sched.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace emilua::sandbox {
namespace {

// A kernel of which tests take things away.
support everything() {
  support s;
  for (const named_namespace& kind : namespace_kinds()) s.namespaces |= kind.flag;
  s.landlock_abi = 7;
  s.filters = true;
  s.controllers = {"memory", "pids", "cpu", "io"};
  return s;
}

support without(namespace_set kinds) {
  support s = everything();
  s.namespaces &= ~kinds;
  for (std::size_t i = 0; i < namespace_kinds().size(); ++i)
    if (kinds & namespace_kinds()[i].flag) s.namespace_errors[i] = EPERM;
  return s;
}

support without_landlock() {
  support s = everything();
  s.landlock_abi = 0;
  s.landlock_error = ENOSYS;
  return s;
}

constexpr namespace_set all_kinds = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET |
                                    CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWTIME;

const plan_context user{.uid = 1000, .gid = 1000, .program = 9};
const plan_context actor{.who = subject::actor, .uid = 1000, .gid = 1000};

policy granting(std::string_view json) {
  auto made = read_policy(json);
  EXPECT_TRUE(made) << made.error().where << ": " << made.error().what;
  return made ? *made : policy{};
}

plan make(std::string_view json, const support& support, const plan_context& context = user) {
  auto made = make_plan(granting(json), support, context);
  EXPECT_TRUE(made) << made.error().where << ": " << made.error().what;
  return made ? std::move(*made) : plan{};
}

std::string refusal(std::string_view json, const support& support,
                    const plan_context& context = user) {
  const auto made = make_plan(granting(json), support, context);
  return made ? "none" : made.error().where + ": " + made.error().what;
}

std::size_t count(const plan& plan, step_kind kind) {
  return static_cast<std::size_t>(std::ranges::count(plan.steps, kind, &step::kind));
}

std::size_t place(const plan& plan, step_kind kind) {
  return static_cast<std::size_t>(std::ranges::find(plan.steps, kind, &step::kind) -
                                  plan.steps.begin());
}

std::string mechanism(const plan& plan, std::string_view clause) {
  const auto it = std::ranges::find(plan.report, clause, &clause_report::clause);
  return it == plan.report.end() ? ""
                                 : std::string{level_name(it->enforced)} + ": " + it->mechanism;
}

TEST(PlanTest, GrantingNothingGivesAnEmptyRootAndEveryLock) {
  const plan p = make("{}", everything());
  EXPECT_EQ(all_kinds & ~std::uint64_t{CLONE_NEWTIME}, p.namespaces);
  EXPECT_EQ(1u, count(p, step_kind::make_root));
  EXPECT_EQ(1u, count(p, step_kind::enforce_ruleset));
  EXPECT_EQ(0u, count(p, step_kind::allow_path));
  EXPECT_GE(count(p, step_kind::install_filter), 1u);
  EXPECT_EQ(nullptr, p.compromise());
}

TEST(PlanTest, EachStepComesWhileWhatItNeedsIsThere) {
  const plan p = make(R"({"fs": {"root": "empty", "mounts": [{"type": "proc", "target": "/proc"}]},
                          "net": {"loopback": true}, "hostname": "box",
                          "limits": {"open_files": 9}})",
                      everything());
  const step_kind order[] = {
      step_kind::arm_death_signal, step_kind::begin_network,       step_kind::write_file,
      step_kind::private_mounts,   step_kind::make_root,           step_kind::mount_type,
      step_kind::enter_root,       step_kind::set_hostname,        step_kind::enter_network,
      step_kind::raise_loopback,   step_kind::lock_securebits,     step_kind::limit_capabilities,
      step_kind::forbid_dumps,     step_kind::forbid_privileges,   step_kind::create_ruleset,
      step_kind::enforce_ruleset,  step_kind::split_first_process, step_kind::set_limit,
      step_kind::install_filter,
  };
  for (std::size_t i = 1; i < std::size(order); ++i) {
    EXPECT_LT(place(p, order[i - 1]), place(p, order[i])) << describe(p.steps[place(p, order[i])]);
    EXPECT_LT(place(p, order[i]), p.steps.size());
  }
  EXPECT_EQ(step_kind::install_filter, p.steps.back().kind);
  // Ids and capabilities take the signal away.
  EXPECT_EQ(2u, count(p, step_kind::arm_death_signal));
}

TEST(PlanTest, ASuccessorStaysWhereItIs) {
  plan_context context = user;
  context.who = subject::successor;
  const plan p = make(R"({"fs": {"read": ["/usr"]}, "umask": 63})", everything(), context);
  EXPECT_EQ(0u, p.namespaces);
  for (const step_kind kind :
       {step_kind::new_session, step_kind::private_mounts, step_kind::change_directory,
        step_kind::set_groups, step_kind::arm_death_signal, step_kind::split_first_process})
    EXPECT_EQ(0u, count(p, kind));
  EXPECT_EQ(1u, count(p, step_kind::allow_descriptor));
  EXPECT_EQ(1u, count(p, step_kind::set_umask));
  EXPECT_NE(-1, p.exec_descriptor);
  EXPECT_EQ(step_kind::install_filter, p.steps.back().kind);
  EXPECT_EQ(nullptr, p.compromise());
  context.has_guardian = true;
  EXPECT_EQ(1u, count(make("{}", everything(), context), step_kind::arm_death_signal));
}

TEST(PlanTest, WhoCanLockNothingIsNotAskedTo) {
  plan_context context = user;
  context.who = subject::successor;
  context.uid = 0;
  EXPECT_EQ(1u, count(make("{}", everything(), context), step_kind::lock_securebits));
  context.powerless = true;
  const plan p = make("{}", everything(), context);
  EXPECT_EQ(0u, count(p, step_kind::lock_securebits));
  EXPECT_EQ("enforced: capset, and no_new_privs", mechanism(p, "capabilities"));
}

TEST(PlanTest, WhatIsForNewProcessesOnlyIsAFaultWhereThereIsNone) {
  const auto fault = [](std::string_view json, subject who) {
    const auto checked = check(granting(json), who);
    return checked ? "none" : checked.error().where;
  };
  EXPECT_EQ("fs.root", fault(R"({"fs": {"root": "empty"}})", subject::successor));
  EXPECT_EQ("limits.wall_time", fault(R"({"limits": {"wall_time": 1}})", subject::successor));
  EXPECT_EQ("none", fault(R"({"env": {"A": "b"}, "nice": 1})", subject::successor));
  EXPECT_EQ("env", fault(R"({"env": {"A": "b"}})", subject::self));
  EXPECT_EQ("none", fault(R"({"fs": {"root": "empty"}})", subject::program));
}

TEST(PlanTest, GrantedPathsAreTheHostsUnderLandlock) {
  const plan p = make(R"({"fs": {"read": ["/usr"]}})", everything());
  EXPECT_EQ(0u, count(p, step_kind::make_root));
  EXPECT_EQ("enforced: Landlock", mechanism(p, "fs"));
  EXPECT_EQ(0u, p.namespaces & CLONE_NEWNS);
}

TEST(PlanTest, WithoutLandlockGrantedPathsAreMounts) {
  const plan p = make(R"({"fs": {"read": ["/usr"], "exec": ["/usr/bin"], "write": ["/tmp/x"]}})",
                      without_landlock());
  EXPECT_EQ("enforced: mount namespace with a root of its own", mechanism(p, "fs"));
  EXPECT_EQ(3u, count(p, step_kind::bind));
  EXPECT_EQ(1u, count(p, step_kind::enter_root));
  EXPECT_EQ(0u, count(p, step_kind::create_ruleset));
}

TEST(PlanTest, WithoutBothPathsAreRefused) {
  support s = without(CLONE_NEWNS);
  s.landlock_abi = 0;
  s.landlock_error = EOPNOTSUPP;
  EXPECT_EQ(
      "fs: cannot be enforced here (no Landlock: Operation not supported); what would help: "
      "add landlock to the kernel's command line: lsm=landlock,…",
      refusal(R"({"fs": {"read": ["/usr"]}})", s));
}

TEST(PlanTest, AnOlderLandlockIsNamed) {
  support s = everything();
  s.landlock_abi = 2;
  EXPECT_EQ(
      "fs: can be enforced here only in part (truncation is not ruled); what would help: "
      "Linux 6.2 or later",
      refusal(R"({"fs": {"read": ["/usr"]}})", s));
  const plan p = make(R"({"fs": {"read": ["/usr"]}, "mode": "best_effort"})", s);
  EXPECT_EQ("weaker: Landlock", mechanism(p, "fs"));
}

TEST(PlanTest, TheNetworkIsDeniedByANamespaceOrTheFilter) {
  EXPECT_EQ("enforced: network namespace", mechanism(make("{}", everything()), "net"));
  EXPECT_EQ("enforced: system-call filter", mechanism(make("{}", without(CLONE_NEWNET)), "net"));
  // A filter that lets sockets be made is none.
  EXPECT_EQ(
      "net: cannot be enforced here (no namespace: Operation not permitted); what would help: "
      "allow user namespaces, or start it with CAP_SYS_ADMIN",
      refusal(R"({"syscalls": "stdio inet"})", without(CLONE_NEWNET)));
}

TEST(PlanTest, AFilterThatLetsSocketsBeMadeIsNoneHoweverItIsWritten) {
  for (const char* calls :
       {R"({"default": "allow"})", R"({"default": "log", "promises": "stdio"})",
        R"({"raw": "06000000000000ff"})", R"({"promises": "stdio", "allow": ["socket"]})",
        R"({"promises": "stdio io_uring"})"}) {
    const std::string json = std::string{R"({"syscalls": )"} + calls + "}";
    EXPECT_TRUE(refusal(json, without(CLONE_NEWNET)).starts_with("net: ")) << json;
  }
  EXPECT_EQ("none", refusal(R"({"syscalls": "stdio inet", "syscalls_within": ["stdio"]})",
                            without(CLONE_NEWNET)));
}

TEST(PlanTest, NamedPortsAreTcpsWhateverTheFilterIs) {
  const plan p = make(R"({"net": {"connect": [443]}, "syscalls": "stdio inet"})", everything());
  EXPECT_EQ("enforced: Landlock, and a system-call filter for what is not TCP",
            mechanism(p, "net.ports"));
  const plan plain = make(R"({"net": true, "syscalls": "stdio inet"})", everything());
  EXPECT_GT(p.steps.back().data.size(), plain.steps.back().data.size());
  EXPECT_TRUE(refusal(R"({"net": {"connect": [443]}, "syscalls": {"raw": "06000000000000ff"}})",
                      everything())
                  .starts_with("net.ports: "));
}

TEST(PlanTest, EachListOfGrantsIsARuleset) {
  const std::string_view json =
      R"({"fs": {"read": ["/usr"], "within": [{"read": ["/usr/share"]}, {"exec": ["/usr"]}]}})";
  const plan p = make(json, everything());
  EXPECT_EQ(3u, count(p, step_kind::enforce_ruleset));
  EXPECT_FALSE(p.promises.contains(promise::exec));  // not all grant it
  EXPECT_TRUE(p.promises.contains(promise::rpath));
  const auto denied = std::ranges::find(p.steps, "fs.within[1].exec[0]", &step::clause);
  ASSERT_NE(p.steps.end(), denied);
  EXPECT_EQ("/usr", denied->path);
  EXPECT_TRUE(refusal(json, without_landlock()).starts_with("fs.within: "));
}

TEST(PlanTest, EveryFilterHasToPermitACall) {
  const plan p = make(R"({"syscalls": "stdio rpath exec error",
                          "syscalls_within": [{"promises": "stdio exec inet", "default": "kill"}]})",
                      everything());
  EXPECT_TRUE((p.promises == promise_set{promise::stdio, promise::exec}));
  EXPECT_EQ(-1, p.exec_descriptor);
  EXPECT_EQ(1u, count(p, step_kind::install_filter));
  EXPECT_EQ(
      "syscalls_within[0].deny[0].name: no such system call: fly",
      refusal(R"({"syscalls_within": [{"promises": "stdio", "deny": ["fly"]}]})", everything()));
}

TEST(PlanTest, NobodyAnswersWhatAFilterAsks) {
  for (const char* json : {R"({"syscalls": {"default": "notify"}})",
                           R"({"syscalls": {"allow": [{"name": "kill", "action": "notify"}]}})"})
    EXPECT_EQ("syscalls: the action notify needs a supervisor, and a box has none",
              refusal(json, everything()));
}

TEST(PlanTest, PortsNeedALandlockThatRulesThem) {
  const std::string_view json = R"({"net": {"connect": [443]}})";
  const plan p = make(json, everything());
  EXPECT_EQ(0u, p.namespaces & CLONE_NEWNET);
  EXPECT_EQ(1u, count(p, step_kind::allow_port));
  support s = everything();
  s.landlock_abi = 3;
  EXPECT_EQ(
      "net.ports: cannot be enforced here (Landlock of this kernel does not rule ports); what "
      "would help: Linux 6.7 or later",
      refusal(json, s));
}

TEST(PlanTest, WithoutUserNamespacesAnOrdinaryUserStillGetsABox) {
  const plan p = make("{}", without(all_kinds));
  EXPECT_EQ(0u, p.namespaces);
  EXPECT_EQ("enforced: Landlock", mechanism(p, "fs"));
  EXPECT_EQ("enforced: system-call filter", mechanism(p, "net"));
  EXPECT_EQ("enforced: Landlock's scopes", mechanism(p, "ipc.signals"));
  EXPECT_EQ("enforced: system-call filter", mechanism(p, "ipc"));
  EXPECT_EQ("enforced: parent-death signal", mechanism(p, "die_with_parent"));
  EXPECT_EQ(0u, count(p, step_kind::lock_securebits));
}

TEST(PlanTest, WhatIsOutsideIsOutOfReachByOneLockOrAnother) {
  const std::string_view shell = R"({"fs": {"exec": ["/usr"]}, "namespaces": []})";
  EXPECT_EQ(
      "die_with_parent: can be enforced here only in part (what the box starts outlives it "
      "without a pid namespace)",
      refusal(shell, everything()));
  EXPECT_EQ(
      "hostname: cannot be enforced here (it needs a namespace that is not asked for); what "
      "would help: name it in `namespaces`, or leave that to \"auto\"",
      refusal(R"({"hostname": "x", "namespaces": []})", everything()));
  support old = without(all_kinds);
  old.landlock_abi = 5;
  EXPECT_TRUE(refusal(R"({"fs": {"exec": ["/usr"]}})", old).starts_with("ipc.signals: "));
  EXPECT_TRUE(refusal(R"({"syscalls": "stdio unix"})", old).starts_with("ipc.abstract_unix: "));
  EXPECT_TRUE(refusal(R"({"syscalls": "stdio shm"})", without(all_kinds)).starts_with("ipc: "));
  EXPECT_EQ("none", refusal("{}", old));
}

TEST(PlanTest, NothingIsRefusedInSilence) {
  support s = everything();
  s.filters = false;
  s.filter_error = EINVAL;
  EXPECT_EQ(
      "syscalls: cannot be enforced here (no filters of system calls: Invalid argument); what "
      "would help: a kernel built with CONFIG_SECCOMP_FILTER",
      refusal("{}", s));
  for (const named_namespace& kind : namespace_kinds()) {
    const std::string json = R"({"namespaces": [")" + std::string{kind.name} + "\"]}";
    EXPECT_TRUE(
        refusal(json, without(kind.flag)).starts_with("namespaces." + std::string{kind.name}))
        << refusal(json, without(kind.flag));
  }
  EXPECT_TRUE(refusal(R"({"hostname": "x"})", without(CLONE_NEWUTS)).starts_with("hostname: "));
  EXPECT_TRUE(refusal(R"({"capabilities": ["cap_net_raw"]})", without(all_kinds))
                  .starts_with("capabilities: "));
  EXPECT_TRUE(refusal(R"({"user": {"groups": [7]}})", everything()).starts_with("user.groups: "));
}

TEST(PlanTest, AProgramThatMayRunNoOtherIsPinnedToItsDescriptor) {
  const plan alone = make(R"({"limits": {"open_files": 50}})", everything());
  EXPECT_EQ(50, alone.exec_descriptor);
  const plan shell = make(R"({"fs": {"exec": ["/usr"]}})", everything());
  EXPECT_EQ(-1, shell.exec_descriptor);
  EXPECT_EQ(-1, make("{}", everything(), actor).exec_descriptor);
  // Never as much as the caller's own limit: that number could be had again.
  EXPECT_EQ(1023, make(R"({"limits": {"open_files": 99999}})", everything()).exec_descriptor);
}

TEST(PlanTest, ACgroupIsJoinedBeforeAnythingElse) {
  const std::string_view json = R"({"limits": {"cgroup": {"memory_max": 4096, "pids_max": 5}}})";
  const plan p = make(json, everything());
  EXPECT_EQ(step_kind::join_cgroup, p.steps.front().kind);
  EXPECT_EQ("join the box's cgroup, in a namespace: memory.max 4096, pids.max 5",
            describe(p.steps.front()));
  EXPECT_TRUE(p.namespaces & CLONE_NEWCGROUP);
  EXPECT_FALSE(p.cloned & CLONE_NEWCGROUP);
  const plan plain = make(
      R"({"namespaces": ["user", "net"], "limits": {"cgroup": {"pids_max": 5}}})", everything());
  EXPECT_EQ("join the box's cgroup: pids.max 5", describe(plain.steps.front()));
  EXPECT_EQ("enforced: cgroup", mechanism(p, "limits.cgroup"));
  ASSERT_TRUE(p.cgroup);
  support s = everything();
  s.controllers = {"memory", "cpu"};
  EXPECT_EQ(
      "limits.cgroup: cannot be enforced here (the controller pids is not to be had); what would "
      "help: a cgroup (version 2) that is delegated to you: systemd-run --user --scope -p "
      "Delegate=yes; or limits.address_space and limits.processes, for each process",
      refusal(json, s));
  s.cgroup_error = EROFS;
  EXPECT_EQ(
      "limits.cgroup: cannot be enforced here (no cgroup: Read-only file system); what would help: "
      "a cgroup (version 2) that is delegated to you: systemd-run --user --scope -p Delegate=yes",
      refusal(json, s));
}

TEST(PlanTest, AnActorIsRefusedWhatItNeverHas) {
  const policy p = granting(R"({"close_fds": false})");
  EXPECT_EQ("close_fds", make_plan(p, everything(), actor).error().where);
  EXPECT_TRUE(make_plan(p, everything(), user));
}

TEST(PlanTest, ATerminalIsTakenAndLed) {
  plan_context context = user;
  context.terminal = true;
  const plan p = make(R"({"new_session": false})", everything(), context);
  EXPECT_LT(place(p, step_kind::new_session), place(p, step_kind::take_terminal));
  EXPECT_LT(place(p, step_kind::split_first_process), place(p, step_kind::lead_terminal));
  EXPECT_TRUE(p.promises.contains(promise::tty));
  const plan alone = make("{}", without(CLONE_NEWPID), context);
  EXPECT_EQ(0u, count(alone, step_kind::lead_terminal));
}

TEST(PlanTest, WhereAllMayBeWrittenNothingIsMountedReadOnly) {
  const std::string_view all = R"({"fs": {"write": ["/"]}})";
  const plan p = make(all, everything());
  EXPECT_EQ(0u, count(p, step_kind::clone_root));
  EXPECT_TRUE(p.promises.contains(promise::fattr));
  EXPECT_EQ("none", refusal(all, without(CLONE_NEWNS)));
  const plan both = make(
      R"({"fs": {"write": ["/"], "within": [{"write": ["/var/tmp", "/srv"]}, {"write": ["/srv/x"]}]}})",
      everything());
  EXPECT_EQ(1u, count(both, step_kind::clone_root));
  ASSERT_EQ(1u, count(both, step_kind::bind));
  EXPECT_EQ("/srv/x", both.steps[place(both, step_kind::bind)].path);
}

TEST(PlanTest, WhatChangesModesIsNotRuledByLandlockHoweverItIsPermitted) {
  for (const char* calls :
       {R"("stdio rpath fattr")", R"({"promises": "stdio", "allow": ["chmod"]})",
        R"({"default": "allow"})"}) {
    const std::string json =
        std::string{R"({"fs": {"read": ["/usr"]}, "syscalls": )"} + calls + "}";
    EXPECT_EQ(1u, count(make(json, everything()), step_kind::clone_root)) << json;
    EXPECT_TRUE(refusal(json, without(CLONE_NEWNS)).starts_with("fs: ")) << json;
  }
}

TEST(PlanTest, ThePolicyIsCheckedFirst) {
  policy p;
  p.cwd = "here";
  const auto made = make_plan(p, everything(), user);
  ASSERT_FALSE(made);
  EXPECT_EQ("cwd", made.error().where);
}

// Modes, owners and times: not Landlock's.
TEST(PlanTest, WhereAttributesMayBeChangedTheRestOfTheTreeIsReadOnly) {
  constexpr std::string_view writing = R"({"fs": {"read": ["/"], "write": ["/a", "/a/b", "/c"]}})";
  const plan p = make(writing, everything());
  EXPECT_EQ(1u, count(p, step_kind::clone_root));
  EXPECT_EQ(2u, count(p, step_kind::bind));  // /a/b is in /a
  EXPECT_LT(place(p, step_kind::bind), place(p, step_kind::enter_root));
  EXPECT_TRUE(p.promises.contains({promise::fattr, promise::chown}));
  EXPECT_EQ("enforced: Landlock, and read-only mounts for what it does not rule",
            mechanism(p, "fs"));
  EXPECT_EQ(0u, count(make(R"({"fs": {"read": ["/"]}})", everything()), step_kind::clone_root));
}

TEST(PlanTest, WithoutMountsAttributesAreNotChangedAtAll) {
  const plan p = make(R"({"fs": {"write": ["/a"]}})", without(CLONE_NEWNS));
  EXPECT_FALSE(p.promises.contains(promise::fattr));
  EXPECT_EQ("enforced: Landlock", mechanism(p, "fs"));
  EXPECT_TRUE(
      refusal(R"({"fs": {"write": ["/a"]}, "syscalls": "stdio wpath fattr"})", without(CLONE_NEWNS))
          .starts_with("fs: can be enforced here only in part (modes, owners and times"));
}

TEST(PlanTest, WhoAllowsSuchACallByNameIsHeldToIt) {
  constexpr std::string_view json =
      R"({"fs": {"read": ["/a"]}, "syscalls": {"promises": "stdio rpath", "allow": ["fchmodat"]}})";
  EXPECT_EQ(1u, count(make(json, everything()), step_kind::clone_root));
  EXPECT_TRUE(refusal(json, without(CLONE_NEWNS)).starts_with("fs: can be enforced here only"));
}

TEST(PlanTest, ADeviceThatMayBeWrittenToIsNoReasonToChangeModes) {
  const plan p =
      make(R"({"fs": {"rules": [{"path": "/dev/null", "access": ["write_file"]}]}})", everything());
  EXPECT_TRUE(p.promises.contains({promise::wpath, promise::cpath}));
  EXPECT_FALSE(p.promises.contains(promise::fattr));
  EXPECT_EQ(0u, count(p, step_kind::clone_root));
}

TEST(PlanTest, NothingBeyondARootOfItsOwnCanBeOpened) {
  const plan p = make(R"({"fs": {"mounts": [{"type": "tmpfs", "target": "/tmp"}]}})", everything());
  EXPECT_EQ(1u, count(p, step_kind::allow_path));
  EXPECT_EQ("/", p.steps[place(p, step_kind::allow_path)].path);
  EXPECT_LT(place(p, step_kind::enter_root), place(p, step_kind::allow_path));
}

TEST(PlanTest, RootsProcessesAreNotCounted) {
  const plan_context root{.uid = 0, .gid = 0, .program = 9};
  constexpr std::string_view json = R"({"limits": {"processes": 9}})";
  EXPECT_EQ("enforced: rlimit", mechanism(make(json, everything()), "limits.processes"));
  EXPECT_EQ("limits.processes", make_plan(granting(json), everything(), root).error().where);
  EXPECT_TRUE(make_plan(granting(R"({"limits": {"processes": 9}, "user": {"uid": 7}})"),
                        without(CLONE_NEWUSER), root));
}

constexpr std::string_view subid = R"({"user": {"map": "subid"}})";
// Ids of others; and one of them, beside oneself.
constexpr std::string_view foreign =
    R"({"user": {"map": [{"inside": 0, "outside": 100000, "count": 10}]}})";
constexpr std::string_view beside =
    R"({"user": {"map": [{"inside": 0, "outside": 1000, "count": 1},
                         {"inside": 1, "outside": 100005, "count": 1}]}})";

plan_context with_subordinate_ids() {
  plan_context context = user;
  context.ids = {.uids = {{0, 100000, 10}}, .gids = {{0, 100000, 10}}};
  return context;
}

TEST(PlanTest, SubordinateIdsAreMappedBesideTheCaller) {
  const plan p = make(subid, everything(), with_subordinate_ids());
  ASSERT_TRUE(p.ids);
  EXPECT_EQ((id_ranges{{1000, 1000, 1}, {0, 100000, 10}}), p.ids->uids);
  EXPECT_EQ(1u, count(p, step_kind::await_maps));
  EXPECT_EQ(0u, count(p, step_kind::write_file));
  EXPECT_EQ(1u, count(p, step_kind::set_groups));
  EXPECT_EQ(0u, count(p, step_kind::set_uid));
  EXPECT_EQ("enforced: newuidmap and newgidmap", mechanism(p, "user.map"));
  const plan root = make(R"({"user": {"map": "subid", "uid": 0, "groups": [3]}})", everything(),
                         with_subordinate_ids());
  EXPECT_EQ((id_ranges{{0, 1000, 1}, {1, 100000, 10}}), root.ids->uids);
  EXPECT_EQ(
      "user.groups: cannot be enforced here (11 is nobody in the map); what would help: an "
      "empty list",
      refusal(R"({"user": {"map": "subid", "groups": [11]}})", everything(),
              with_subordinate_ids()));
}

TEST(PlanTest, AMapThatCannotBeWrittenIsRefused) {
  plan_context none = user;
  none.ids.missing = "/etc/subuid: no ids for user me";
  const std::string remedy =
      "; what would help: ranges for this user in /etc/subuid and /etc/subgid, with newuidmap and "
      "newgidmap; or CAP_SETUID and CAP_SETGID";
  EXPECT_EQ("user.map: cannot be enforced here (/etc/subuid: no ids for user me)" + remedy,
            refusal(subid, everything(), none));
  EXPECT_EQ(
      "user.map: cannot be enforced here (an ordinary user may not map 100000-100009: "
      "/etc/subuid: no ids for user me)" +
          remedy,
      refusal(foreign, everything(), none));
  plan_context few = with_subordinate_ids();
  few.ids.uids = {{0, 100000, 9}};
  EXPECT_EQ(
      "user.map: cannot be enforced here (an ordinary user may not map 100000-100009)" + remedy,
      refusal(foreign, everything(), few));
  EXPECT_EQ("none", refusal(foreign, everything(), with_subordinate_ids()));
  EXPECT_TRUE(refusal(subid, without(CLONE_NEWUSER), with_subordinate_ids())
                  .starts_with("user.map: cannot be enforced here (no namespace"));
  EXPECT_TRUE(refusal(R"({"user": {"map": "subid"}, "namespaces": ["pid"]})", everything(),
                      with_subordinate_ids())
                  .starts_with("user.map: cannot be enforced here (it needs a namespace that is"));
  const plan less =
      make(R"({"user": {"map": "subid"}, "mode": "best_effort"})", everything(), none);
  EXPECT_FALSE(less.ids);
  EXPECT_EQ(3u, count(less, step_kind::write_file));
}

TEST(PlanTest, WhoIsNobodyInTheBoxBecomesSomebodyBeforeItMakesFiles) {
  const plan p = make(foreign, everything(), with_subordinate_ids());
  EXPECT_LT(place(p, step_kind::await_maps), place(p, step_kind::set_groups));
  EXPECT_LT(place(p, step_kind::set_groups), place(p, step_kind::set_gid));
  EXPECT_LT(place(p, step_kind::set_gid), place(p, step_kind::set_uid));
  EXPECT_LT(place(p, step_kind::set_uid), place(p, step_kind::make_root));
  EXPECT_EQ(1u, count(p, step_kind::set_uid));
  // Otherwise later: the host's files are opened as the caller.
  const plan other = make(
      R"({"user": {"uid": 1, "map": [{"inside": 0, "outside": 1000, "count": 1},
                                     {"inside": 1, "outside": 100005, "count": 1}]}})",
      everything(), with_subordinate_ids());
  EXPECT_LT(place(other, step_kind::enter_root), place(other, step_kind::set_uid));
  EXPECT_LT(place(other, step_kind::set_uid), place(other, step_kind::lock_securebits));
  EXPECT_EQ(0u, count(make(beside, everything(), with_subordinate_ids()), step_kind::set_uid));
}

TEST(PlanTest, RootMapsWhomeverItLikes) {
  plan_context root = user;
  root.uid = root.gid = 0;
  root.ids.all = true;
  root.ids.missing = "/etc/subuid: no ids for user root";
  const plan p = make(foreign, everything(), root);
  EXPECT_EQ("enforced: maps written by the supervisor", mechanism(p, "user.map"));
  EXPECT_EQ(1u, count(p, step_kind::set_groups));
  // Its processes are somebody else's, whom the kernel counts.
  EXPECT_TRUE(make_plan(granting(R"({"limits": {"processes": 9}, "user": {"map": [
                  {"inside": 0, "outside": 100000, "count": 10}]}})"),
                        everything(), root));
  EXPECT_EQ("limits.processes", make_plan(granting(R"({"limits": {"processes": 9}, "user": {"map": [
                  {"inside": 0, "outside": 0, "count": 10}]}})"),
                                          everything(), root)
                                    .error()
                                    .where);
}

// As the kernel has it for whoever writes such a map without any right.
TEST(PlanTest, WhoMapsNoGroupButHisOwnKeepsHisGroups) {
  const std::string_view json =
      R"({"user": {"map": {"uid": [{"inside": 0, "outside": 100000, "count": 10},
                                   {"inside": 10, "outside": 1000, "count": 1}],
                           "gid": [{"inside": 0, "outside": 1000, "count": 1}]}}})";
  EXPECT_EQ(0u, count(make(json, everything(), with_subordinate_ids()), step_kind::set_groups));
}

TEST(PlanTest, EveryStepAndClauseIsExplained) {
  const plan p = make(R"({"fs": {"root": "empty", "mounts": [
      {"type": "bind", "source": "/usr", "target": "/usr", "readonly": true},
      {"type": "tmpfs", "target": "/tmp", "size": 4096}]}, "hostname": "box"})",
                      everything());
  const std::string text = explain(p);
  for (const char* part :
       {"namespaces user mount pid net ipc uts cgroup",
        "write \"1000 1000 1\" to /proc/self/uid_map",
        "bind /usr at /usr (ro,nosuid,nodev, with what is mounted beneath)",
        "mount tmpfs at /tmp, mode=0755,size=4096,nr_inodes=64 (nosuid,nodev)", "host name box",
        "# fs.mounts[0]", "drop all capabilities", "net: enforced, by network namespace"})
    EXPECT_NE(std::string::npos, text.find(part)) << part << " in\n" << text;
  EXPECT_EQ(std::string::npos, text.find('?'));
  EXPECT_TRUE(explain_json(p).starts_with(R"({"namespaces":["user","mount")")) << explain_json(p);
}

}  // namespace
}  // namespace emilua::sandbox
