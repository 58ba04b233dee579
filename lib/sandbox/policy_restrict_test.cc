#include "lib/sandbox/policy_restrict.h"

#include <gtest/gtest.h>

#include <string>

namespace emilua::sandbox {
namespace {

policy read(std::string_view json) {
  auto made = read_policy(json);
  EXPECT_TRUE(made) << made.error().where << ": " << made.error().what;
  return made ? *made : policy{};
}

struct pair {
  const char* a;
  const char* b;
  const char* both;  // a policy, or the fault
};

class RestrictTest : public testing::TestWithParam<pair> {};

TEST_P(RestrictTest, GivesWhatBothGrant) {
  const auto& [a, b, both] = GetParam();
  const auto made = restrict(read(a), read(b));
  ASSERT_TRUE(made) << made.error().where << ": " << made.error().what;
  EXPECT_EQ(write_policy(read(both)), write_policy(*made));
}

constexpr pair pairs[] = {
    {"{}", "{}", "{}"},
    // Paths: both lists are asked, unless one says nothing that the other does not.
    {R"({"fs": {"read": ["/usr"]}})", R"({"fs": {"read": ["/usr/share"], "write": ["/tmp"]}})",
     R"({"fs": {"read": ["/usr"], "root": "host",
                "within": [{"read": ["/usr/share"], "write": ["/tmp"]}]}})"},
    {R"({"fs": {"read": ["/usr"]}})", R"({"fs": {"read": ["/usr", "/etc"], "exec": ["/usr"]}})",
     R"({"fs": {"read": ["/usr"], "root": "host"}})"},
    {R"({"fs": {"write": ["/a"]}})", R"({"fs": {"write": ["/a"], "exec": ["/a/b"]}})",
     R"({"fs": {"write": ["/a"], "root": "host", "within": [{"write": ["/a"], "exec": ["/a/b"]}]}})"},
    {R"({"fs": {"rules": [{"path": "/a", "access": ["read_file", "make_dir"]}]}})",
     R"({"fs": {"rules": [{"path": "/a", "access": ["make_dir"]}]}})",
     R"({"fs": {"rules": [{"path": "/a", "access": ["make_dir"]}], "root": "host"}})"},
    {R"({"fs": {"read": ["/a"], "within": [{"read": ["/b"]}]}})",
     R"({"fs": {"read": ["/b"], "within": [{"read": ["/c"]}]}})",
     R"({"fs": {"read": ["/a"], "root": "host", "within": [{"read": ["/b"]}, {"read": ["/c"]}]}})"},
    // Nothing has no path in common with anything.
    {"{}", R"({"fs": {"read": ["/usr"]}})", "{}"},
    {R"({"fs": {"root": "empty"}})", R"({"fs": {"read": ["/usr"]}})",
     R"({"fs": {"root": "empty"}})"},
    {R"({"fs": {"mounts": [{"type": "proc", "target": "/proc"}]}})", R"({"fs": {"root": "host"}})",
     "{}"},
    // A tree of one's own that no grant rules is all there.
    {R"({"fs": {"mounts": [{"type": "tmpfs", "target": "/t"}]}})",
     R"({"fs": {"root": "empty", "read": ["/t"], "mounts": [{"type": "tmpfs", "target": "/t"}]}})",
     R"({"fs": {"root": "empty", "read": ["/t"], "mounts": [{"type": "tmpfs", "target": "/t"}]}})"},
    // Mounts: what both have, and may do to it.
    {R"({"fs": {"mounts": [{"type": "bind", "source": "/u", "target": "/u", "optional": true},
                           {"type": "tmpfs", "target": "/t", "size": 9},
                           {"type": "proc", "target": "/proc"}]}})",
     R"({"fs": {"mounts": [{"type": "bind", "source": "/u", "target": "/u", "readonly": true},
                           {"type": "tmpfs", "target": "/t", "size": 8, "noexec": true}]}})",
     R"({"fs": {"mounts": [{"type": "bind", "source": "/u", "target": "/u", "readonly": true},
                           {"type": "tmpfs", "target": "/t", "size": 8, "noexec": true}]}})"},
    {R"({"fs": {"mounts": [{"type": "bind", "source": "/u", "target": "/u"}]}})",
     R"({"fs": {"mounts": [{"type": "bind", "source": "/v", "target": "/u"}]}})", "{}"},
    // Network.
    {R"({"net": true})", R"({"net": {"connect": [443], "unix": true}})",
     R"({"net": {"connect": [443], "unix": true}})"},
    {R"({"net": true})", R"({"net": false})", R"({"net": false})"},
    {R"({"net": {"connect": [443, 80], "bind": [1], "unix": true}})",
     R"({"net": {"connect": [80, 22]}})", R"({"net": {"connect": [80]}})"},
    {R"({"net": {"loopback": true}})", R"({"net": {"loopback": true, "connect": [443]}})",
     R"({"net": {"loopback": true, "connect": [443]}})"},
    {R"({"net": {"loopback": true, "bind": [1]}})",
     R"({"net": {"loopback": true, "connect": [2]}})", R"({"net": {}})"},
    {R"({"net": {"loopback": true, "connect": [443]}})", R"({"net": {"connect": [443]}})",
     R"({"net": {}})"},
    {R"({"net": true, "namespaces": ["net"]})",
     R"({"net": {"loopback": true}, "namespaces": ["net"]})",
     R"({"net": {}, "namespaces": ["net"]})"},
    // System calls: what needs no rules of its own is left to the rest.
    {R"({"syscalls": "stdio"})", "{}", R"({"syscalls_within": [{"promises": "stdio"}]})"},
    {R"({"syscalls": "stdio"})", R"({"syscalls": "stdio"})", R"({"syscalls": "stdio"})"},
    {R"({"syscalls": "stdio rpath"})", R"({"syscalls": "stdio inet"})",
     R"({"syscalls": "stdio rpath", "syscalls_within": [{"promises": "stdio inet"}]})"},
    // Namespaces separate.
    {R"({"namespaces": ["user"]})", R"({"namespaces": ["pid", "user"]})",
     R"({"namespaces": ["user", "pid"]})"},
    {R"({"net": true})", R"({"namespaces": ["time"]})",
     R"({"namespaces": ["user", "pid", "ipc", "uts", "cgroup", "net", "mount", "time"]})"},
    // Numbers and truths.
    {R"({"capabilities": ["cap_chown", "cap_kill"]})", R"({"capabilities": ["cap_kill"]})",
     R"({"capabilities": ["cap_kill"]})"},
    {R"({"user": {"groups": [1, 2]}})", R"({"user": {"groups": [2, 3]}})",
     R"({"user": {"groups": [2]}})"},
    {R"({"user": {"groups": []}})", "{}", R"({"user": {"groups": []}})"},
    {R"({"user": {"map": "subid"}})", R"({"user": {"map": "subid"}})",
     R"({"user": {"map": "subid"}})"},
    {R"({"user": {"uid": 5, "gid": 0, "map": [{"inside": 0, "outside": 100, "count": 10},
                                              {"inside": 20, "outside": 900, "count": 5}]}})",
     R"({"user": {"uid": 5, "gid": 0, "map": {
            "uid": [{"inside": 4, "outside": 104, "count": 30}],
            "gid": [{"inside": 22, "outside": 902, "count": 9},
                    {"inside": 0, "outside": 100, "count": 1}]}}})",
     R"({"user": {"uid": 5, "gid": 0, "map": {
            "uid": [{"inside": 4, "outside": 104, "count": 6}],
            "gid": [{"inside": 0, "outside": 100, "count": 1},
                    {"inside": 22, "outside": 902, "count": 3}]}}})"},
    {R"({"limits": {"open_files": 9, "core": 0, "wall_time": 2,
                    "cgroup": {"pids_max": 5, "cpu_max": "50000 100000"}}})",
     R"({"limits": {"open_files": 10, "stack": 1,
                    "cgroup": {"pids_max": 6, "memory_max": 7, "cpu_max": "40000"}}})",
     R"({"limits": {"open_files": 9, "core": 0, "stack": 1, "wall_time": 2,
                    "cgroup": {"pids_max": 5, "memory_max": 7, "cpu_max": "40000"}}})"},
    {R"({"ipc": {"signals": true, "abstract_unix": true}})", R"({"ipc": {"signals": true}})",
     R"({"ipc": {"signals": true}})"},
    {R"({"env": {"A": "1", "B": "2", "C": "3"}})", R"({"env": {"A": "1", "B": "3"}})",
     R"({"env": {"A": "1"}})"},
    {R"({"cwd": "/a", "hostname": "x", "umask": 18, "nice": 5, "oom_score_adj": -9})",
     R"({"cwd": "/b", "umask": 45, "nice": 4})",
     R"({"cwd": "/a", "hostname": "x", "umask": 63, "nice": 5})"},
    {R"({"jit": true, "new_session": false, "die_with_parent": false, "dumpable": true,
         "close_fds": false, "mode": "best_effort"})",
     "{}", "{}"},
    {R"({"jit": true, "dumpable": true, "mode": "best_effort"})",
     R"({"jit": true, "dumpable": true, "mode": "best_effort", "new_session": false})",
     R"({"jit": true, "dumpable": true, "mode": "best_effort"})"},
};

INSTANTIATE_TEST_SUITE_P(All, RestrictTest, testing::ValuesIn(pairs));

class RestrictFaultTest : public testing::TestWithParam<pair> {};

TEST_P(RestrictFaultTest, IsNamed) {
  const auto& [a, b, fault] = GetParam();
  const auto made = restrict(read(a), read(b));
  ASSERT_FALSE(made);
  EXPECT_EQ(fault, made.error().where + ": " + made.error().what);
}

constexpr pair faults[] = {
    {R"({"fs": {"read": ["/usr"]}})", R"({"fs": {"mounts": [{"type": "proc", "target": "/p"}]}})",
     "fs.root: one policy grants paths of the host, the other has a root of its own"},
    {R"({"fs": {"mounts": [{"type": "bind", "source": "/h", "target": "/h"},
                           {"type": "tmpfs", "target": "/h/secret"}]}})",
     R"({"fs": {"mounts": [{"type": "bind", "source": "/h", "target": "/h"}]}})",
     "fs.mounts[1]: one policy mounts this alone, and what is beneath it would come to light"},
    {R"({"fs": {"read": ["/home/x"]}})",
     R"({"fs": {"read": ["/"], "mounts": [{"type": "tmpfs", "target": "/home"}]}})",
     "fs.mounts[0]: the other policy mounts this alone, and what is beneath it would come to "
     "light"},
    {R"({"syscalls": {"raw": "06000000000000ff"}})", R"({"syscalls": {"raw": "06000000000000fe"}})",
     "syscalls.raw: two filters that come as bytes cannot be joined"},
    {R"({"user": {"uid": 1}})", R"({"user": {"uid": 2}})",
     "user.uid: the two policies differ, and neither means less"},
    {R"({"user": {"map": "subid"}})", "{}",
     "user.map: the two policies differ, and neither means less"},
    {R"({"user": {"map": [{"inside": 0, "outside": 100, "count": 10}]}})", "{}",
     "user.map: the two policies differ, and neither means less"},
    {R"({"user": {"map": [{"inside": 0, "outside": 100, "count": 10}]}})",
     R"({"user": {"map": [{"inside": 0, "outside": 101, "count": 10}]}})",
     "user.map: the two policies have no id in common"},
    {R"({"user": {"map": [{"inside": 0, "outside": 100, "count": 10}]}})",
     R"({"user": {"map": [{"inside": 0, "outside": 100, "count": 5}]}})",
     "user.uid: where maps differ, uid and gid must be named"},
    {R"({"user": {"groups": [1]}})", "{}",
     "user.groups: the two policies differ, and neither means less"},
    {R"({"limits": {"cgroup": {"cpu_max": "50000 100000"}}})",
     R"({"limits": {"cgroup": {"cpu_max": "60000 1000000"}}})",
     "limits.cgroup.cpu_max: neither '50000 100000' nor '60000 1000000' is always less"},
    {R"({"limits": {"cgroup": {"io_max": "8:0 rbps=1"}}})",
     R"({"limits": {"cgroup": {"io_max": "8:0 rbps=2"}}})",
     "limits.cgroup.io_max: the two policies differ, and neither means less"},
};

INSTANTIATE_TEST_SUITE_P(All, RestrictFaultTest, testing::ValuesIn(faults));

TEST(RestrictTest, MoreListsThanTheKernelTakesAreRefused) {
  policy all;
  for (int i = 0; i < 15; ++i) {
    policy next;
    next.fs.read.push_back({.path = "/" + std::to_string(i)});
    const auto both = i == 0 ? policy_result<policy>{next} : restrict(all, next);
    ASSERT_TRUE(both);
    all = *both;
  }
  policy last;
  last.fs.read.push_back({.path = "/last"});
  const auto made = restrict(all, last);
  ASSERT_FALSE(made);
  EXPECT_EQ("fs.within", made.error().where);
}

TEST(RestrictTest, WhatIsWrongWithOneIsSaidFirst) {
  policy wrong;
  wrong.cwd = "here";
  EXPECT_EQ("cwd", restrict({}, wrong).error().where);
}

}  // namespace
}  // namespace emilua::sandbox
