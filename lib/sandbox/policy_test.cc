#include "lib/sandbox/policy.h"

#include <gtest/gtest.h>

#include <string>

namespace emilua::sandbox {
namespace {

policy read(std::string_view json) {
  auto made = read_policy(json);
  EXPECT_TRUE(made) << made.error().where << ": " << made.error().what;
  return made ? *made : policy{};
}

// "where: what"
std::string fault(std::string_view json) {
  const auto made = read_policy(json);
  return made ? "none" : made.error().where + ": " + made.error().what;
}

TEST(PolicyTest, AnEmptyTableIsThePolicyThatGrantsNothing) {
  EXPECT_EQ(policy{}, read("{}"));
  EXPECT_EQ(policy{}, read("[]"));  // as Lua's empty table may come
}

TEST(PolicyTest, EveryFieldComesBackAsItWasWritten) {
  const policy p = read(R"({
    "fs": {"read": ["/usr", {"path": "/opt", "optional": true}], "write": ["/tmp"],
           "exec": ["/usr/bin"], "root": "empty",
           "rules": [{"path": "/dev", "access": ["read_file", "ioctl_dev"], "optional": true}],
           "within": [{"read": ["/"], "rules": [{"path": "/a", "access": ["refer"]}]}, {}],
           "mounts": [
             {"type": "bind", "source": "/usr", "target": "/usr", "readonly": true,
              "noexec": true, "nosuid": false, "nodev": false, "recursive": false, "optional": true},
             {"type": "bind", "source": {"fd": 7}, "target": "/data"},
             {"type": "tmpfs", "target": "/tmp", "size": 65536, "mode": 1023},
             {"type": "proc", "target": "/proc"}, {"type": "dev", "target": "/dev"},
             {"type": "mqueue", "target": "/dev/mqueue"},
             {"type": "overlay", "target": "/o", "lower": ["/a", "/b"], "upper": "/u", "work": "/w"},
             {"type": "file", "target": "/etc/hosts", "content": "x", "mode": 420},
             {"type": "dir", "target": "/run"},
             {"type": "symlink", "target": "/bin", "content": "usr/bin"},
             {"type": "remount", "target": "/usr", "readonly": true}]},
    "net": {"connect": [443], "bind": [80, 8080], "loopback": true, "unix": true},
    "syscalls": {"promises": "stdio rpath", "default": "errno:ENOSYS",
                 "allow": ["getpid", {"name": "ioctl", "arg": {"1": ["&==", 21523, 4294967295]}}],
                 "deny": [{"name": "kill", "action": "errno:EACCES", "optional": true,
                           "arg": [[0, ">", 1], [0, "<", 9]]}],
                 "raw": "0600000000000000"},
    "syscalls_within": ["stdio", {"promises": "stdio rpath", "default": "kill"}],
    "namespaces": ["user", "pid"],
    "user": {"uid": 1, "gid": 2, "groups": [3, 4],
             "map": {"uid": [{"inside": 1, "outside": 1000, "count": 1}],
                     "gid": [{"inside": 0, "outside": 1000, "count": 10}]}},
    "capabilities": ["cap_net_raw"],
    "limits": {"open_files": 64, "cpu_time": 10, "wall_time": 1.5,
               "cgroup": {"memory_max": 1048576, "memory_swap_max": 0, "pids_max": 9,
                          "cpu_max": "50000 100000", "io_max": "8:0 rbps=1"}},
    "ipc": {"abstract_unix": true, "signals": true},
    "env": {"PATH": "/bin", "EMPTY": ""}, "cwd": "/tmp", "hostname": "box", "umask": 63,
    "nice": -5, "oom_score_adj": 500, "jit": true, "new_session": false,
    "die_with_parent": false, "no_new_privs": true, "dumpable": true, "close_fds": false,
    "mode": "best_effort"})");
  EXPECT_EQ(p, read(write_policy(p)));
  EXPECT_EQ(7, p.fs.mounts[1].source.descriptor);
  EXPECT_EQ(net_kind::some, p.net.kind);
  EXPECT_EQ(2u, p.syscalls->deny[0].tests.size());
  EXPECT_EQ(8u, p.syscalls->raw.size());
  EXPECT_EQ(64u, p.limits.rlimits.at("open_files"));
  EXPECT_EQ(policy{}, read(write_policy(policy{})));
}

TEST(PolicyTest, ShortFormsStandForTheLongOnes) {
  EXPECT_EQ(net_kind::all, read(R"({"net": true})").net.kind);
  EXPECT_EQ(net_kind::none, read(R"({"net": false})").net.kind);
  EXPECT_TRUE(read(R"({"syscalls": "stdio"})").syscalls->promises.contains(promise::stdio));
  EXPECT_FALSE(read(R"({"namespaces": "auto"})").namespaces);
  EXPECT_TRUE(read(R"({"namespaces": []})").namespaces->empty());
  const policy one =
      read(R"({"user": {"map": [{"inside": 0, "outside": 100000, "count": 65536}]}})");
  EXPECT_EQ(id_map_kind::list, one.user.map.kind);
  EXPECT_EQ((id_ranges{{0, 100000, 65536}}), one.user.map.listed.uids);
  EXPECT_EQ(one.user.map.listed.uids, one.user.map.listed.gids);
  EXPECT_EQ(one, read(write_policy(one)));
  EXPECT_EQ(id_map_kind::self, read(R"({"user": {"map": "self"}})").user.map.kind);
  const policy subid = read(R"({"user": {"map": "subid"}})");
  EXPECT_EQ(id_map_kind::subid, subid.user.map.kind);
  EXPECT_EQ(subid, read(write_policy(subid)));
  // Lua has one type of numbers.
  EXPECT_EQ(64u, read(R"({"limits": {"open_files": 64.0}})").limits.rlimits.at("open_files"));
}

struct fault_case {
  const char* json;
  const char* fault;
};

class PolicyFaultTest : public testing::TestWithParam<fault_case> {};

TEST_P(PolicyFaultTest, IsNamedWithItsPath) { EXPECT_EQ(GetParam().fault, fault(GetParam().json)); }

constexpr fault_case faults[] = {
    {R"({"fs": {"raed": []}})", "fs.raed: unknown field"},
    {R"({"colour": 1})", "colour: unknown field"},
    {R"({"fs": 3})", "fs: a table expected, got a number"},
    {R"({"fs": {"read": "/usr"}})", "fs.read: a list expected, got a string"},
    {R"({"fs": {"read": [3]}})", "fs.read[0]: a table expected, got a number"},
    {R"({"fs": {"read": ["usr"]}})", "fs.read[0]: 'usr' is not an absolute path"},
    {R"({"fs": {"read": ["/a/../b"]}})", "fs.read[0]: '/a/../b' contains '..'"},
    {R"({"fs": {"read": ["/a/./b"]}})", "fs.read[0]: '/a/./b' contains '.'"},
    {R"({"fs": {"read": ["/a\u0000b"]}})", "fs.read[0]: contains a NUL byte"},
    {R"({"fs": {"read": [{"path": "/a", "maybe": true}]}})", "fs.read[0].maybe: unknown field"},
    {R"({"fs": {"rules": [{"path": "/", "access": ["fly"]}]}})",
     "fs.rules[0].access: unknown right 'fly'"},
    {R"({"fs": {"rules": [{"path": "/"}]}})", "fs.rules[0].access: no right is named"},
    {R"({"fs": {"root": "moon"}})",
     "fs.root: unknown value 'moon'; one of auto, host, empty expected"},
    {R"({"fs": {"mounts": [{"type": "bind", "target": "/x"}]}})",
     "fs.mounts[0].source: a path or a descriptor is missing"},
    {R"({"fs": {"mounts": [{"type": "bind", "source": "/x"}]}})",
     "fs.mounts[0].target: a path is missing"},
    {R"({"fs": {"mounts": [{"type": "proc", "target": "/p", "size": 1}]}})",
     "fs.mounts[0].size: only a tmpfs has one"},
    {R"({"fs": {"root": "host", "mounts": [{"type": "dir", "target": "/p"}]}})",
     "fs.mounts[0].type: nothing can be made in the host's tree: fs.root = \"empty\""},
    {R"({"fs": {"mounts": [{"type": "overlay", "target": "/p", "lower": ["/a:b"]}]}})",
     "fs.mounts[0].lower: '/a:b' contains ':', ',' or '\\'"},
    {R"({"fs": {"mounts": [{"type": "overlay", "target": "/p", "lower": ["/a"], "upper": "/u"}]}})",
     "fs.mounts[0].work: 'upper' and 'work' go together"},
    {R"({"net": 1})", "net: a boolean or a table expected, got a number"},
    {R"({"net": {"connect": [65536]}})",
     "net.connect[0]: an integer from 0 to 65535 expected, got 65536"},
    {R"({"net": {"connect": [1.5]}})",
     "net.connect[0]: an integer from 0 to 65535 expected, got 1.5E0"},
    {R"({"syscalls": "stdio fly"})", "syscalls: unknown promise 'fly'"},
    {R"({"syscalls": {"allow": [{}]}})", "syscalls.allow[0]: the name of a system call is missing"},
    {R"({"syscalls": {"deny": [{"name": "kill", "action": "shout"}]}})",
     "syscalls.deny[0].action: unknown action 'shout'; allow, kill, kill_thread, errno:NAME, log, "
     "trap or notify expected"},
    {R"({"syscalls": {"deny": [{"name": "kill", "arg": {"6": ["==", 1]}}]}})",
     "syscalls.deny[0].arg.6: the number of an argument, 0 to 5, expected"},
    {R"({"syscalls": {"deny": [{"name": "kill", "arg": {"0": ["=", 1]}}]}})",
     "syscalls.deny[0].arg.0[0]: unknown comparison '='; one of == ~= < <= > >= &== expected"},
    {R"({"syscalls": {"raw": "00"}})",
     "syscalls.raw: not a number of instructions, 16 hexadecimal digits each"},
    {R"({"namespaces": ["moon"]})", "namespaces[0]: unknown namespace 'moon'"},
    {R"({"namespaces": "all"})", "namespaces: \"auto\" or a list expected"},
    {R"({"user": {"map": "list"}})",
     "user.map: unknown value 'list'; self, subid or a list expected"},
    {R"({"user": {"map": []}})", "user.map: no range is named"},
    {R"({"user": {"map": 1}})", "user.map: a list expected, got a number"},
    {R"({"user": {"map": [{"inside": 0, "outside": 5}]}})", "user.map[0]: not a range of ids"},
    {R"({"user": {"map": [{"inside": 0, "outside": 4294967295, "count": 1}]}})",
     "user.map[0]: not a range of ids"},
    {R"({"user": {"map": [{"inside": 0, "outside": 5, "count": 2},
                          {"inside": 1, "outside": 9, "count": 1}]}})",
     "user.map[1]: shares ids with another range"},
    {R"({"user": {"map": {"uid": [{"inside": 0, "outside": 5, "count": 1}]}}})",
     "user.map.gid: no range is named"},
    {R"({"user": {"map": {"uids": []}}})", "user.map.uids: unknown field"},
    {R"({"user": {"uid": 2, "map": [{"inside": 0, "outside": 5, "count": 2}]}})",
     "user.uid: 2 is nobody in user.map"},
    {R"({"user": {"groups": [1, 9], "map": [{"inside": 0, "outside": 5, "count": 2}]}})",
     "user.groups[1]: 9 is nobody in user.map"},
    {R"({"capabilities": ["cap_fly"]})", "capabilities[0]: unknown capability 'cap_fly'"},
    {R"({"limits": {"open_fiels": 1}})", "limits.open_fiels: unknown field"},
    {R"({"limits": {"open_files": -1}})",
     "limits.open_files: an integer from 0 to 18446744073709551615 expected, got -1"},
    {R"({"limits": {"wall_time": 0}})", "limits.wall_time: a positive number of seconds expected"},
    {R"({"env": {"A=B": "x"}})", "env.A=B: not the name of a variable"},
    {R"({"env": {"A": 1}})", "env.A: a string expected, got a number"},
    {R"({"umask": 512})", "umask: more than permission bits"},
    {R"({"no_new_privs": false})",
     "no_new_privs: must be true: the filter of system calls and Landlock need it"},
    {"{", ": not JSON: it ends too early"},
    {"{} x", ": not JSON: byte 4: extra data"},
    {"{'a': 1}", ": not JSON: byte 2: syntax error"},
    {R"({"hostname": "a", "hostname": "a"})", "hostname: given twice"},
    {R"({"fs": {"read": [], "write": [], "re\u0061d": ["/"]}})", "fs.read: given twice"},
    {R"({"fs": {"exec": ["/bin", {"path": "/a", "optional": true, "path": "/b"}]}})",
     "fs.exec[1].path: given twice"},
    {R"({"env": {"A": "1", "B": "2", "A": "1"}})", "env.A: given twice"},
    {R"({"syscalls": {"allow": [["read"], {"arg": {"0": [], "0": []}}]}})",
     "syscalls.allow[1].arg.0: given twice"},
    {R"({"hostname": "a", "no_such": {"x": [[1], 2, {"y": 1, "y": 1}]}})",
     "no_such.x[2].y: given twice"},
};

INSTANTIATE_TEST_SUITE_P(All, PolicyFaultTest, testing::ValuesIn(faults));

TEST(PolicyTest, HostileTextIsBounded) {
  EXPECT_EQ(": larger than 1 MiB", fault(std::string(max_policy_size + 1, ' ')));
  EXPECT_NE("none", fault(std::string(1000, '[')));
}

}  // namespace
}  // namespace emilua::sandbox
