// What a box grants. Everything else is denied.
//
//   sandbox::policy policy;                                // nothing
//   policy.fs.read.push_back({.path = "/usr/share"});
//   policy.limits.rlimits["open_files"] = 64;
//
//   auto read = sandbox::read_policy(R"({"fs": {"read": ["/usr/share"]}})");
//   if (!read) report(read.error().where, read.error().what);   // "fs.mounts[2].target", "…"
//
// A plain value: it names what it grants and holds nothing. What a kernel can do about it is the
// planner's business (plan.h). C++, JSON, Lua tables and command lines spell every field alike.
#pragma once

#include <sys/types.h>

#include <boost/json/fwd.hpp>
#include <boost/system/result.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/sandbox/id_ranges.h"
#include "lib/sandbox/syscall_rules.h"

namespace emilua::sandbox {

// A file, or a directory and all beneath it. A missing one is an error unless it is optional.
struct granted_path {
  std::string path;  // absolute, without "." and ".."
  bool optional = false;

  bool operator==(const granted_path&) const = default;
};

// Landlock's rights, one by one.
struct exact_grant {
  std::string path;
  std::vector<std::string> access;  // "read_file", "make_dir" …: lib/sandbox/landlock.h
  bool optional = false;

  bool operator==(const exact_grant&) const = default;
};

enum class mount_kind {
  bind,
  tmpfs,
  proc,
  dev,  // null zero full random urandom tty, pts, shm, links to descriptors
  mqueue,
  overlay,
  file,     // with content, in a file system of the box's own
  dir,      //
  symlink,  //
  remount,  // changes the flags of what is mounted at the target
};

inline constexpr std::size_t max_sources = 128;  // descriptors that mounts name

// Where a bind mount or a file's content comes from.
struct mount_source {
  std::string path;     // or
  int descriptor = -1;  // borrowed; "{fd = N}"

  bool operator==(const mount_source&) const = default;
};

struct mount_entry {
  mount_kind kind = mount_kind::bind;
  std::string target;   // in the box; absolute
  mount_source source;  // bind; file
  std::string content;  // file; for a symlink, what it refers to
  bool readonly = false;
  bool noexec = false;
  bool nosuid = true;
  bool nodev = true;
  bool recursive = true;              // bind, remount: what is mounted beneath, too
  bool optional = false;              // bind: leave it out if there is no source
  std::optional<std::uint64_t> size;  // tmpfs: bytes
  std::optional<std::uint64_t> mode;  // tmpfs, dir, file: permission bits
  std::vector<std::string> lower;     // overlay: directories of the host, topmost first
  std::string upper, work;            // overlay; without them it is read-only

  bool operator==(const mount_entry&) const = default;
};

enum class root_kind {
  automatic,  // the host's when any path is granted, else empty
  host,       // the host's tree, as far as it is granted
  empty,      // a file system of its own, with nothing but `mounts`
};

struct path_grants {
  std::vector<granted_path> read;   // open for reading, list
  std::vector<granted_path> write;  // write, truncate, create, rename, link, remove
  std::vector<granted_path> exec;   // execute, which takes reading of files too
  std::vector<exact_grant> rules;

  [[nodiscard]] bool empty() const noexcept {
    return read.empty() && write.empty() && exec.empty() && rules.empty();
  }

  bool operator==(const path_grants&) const = default;
};

struct fs_policy : path_grants {
  root_kind root = root_kind::automatic;
  std::vector<mount_entry> mounts;
  // Further grants. What is done to a path must be granted by each of them, too: the kernel is
  // asked by as many rulesets (policy_restrict.h).
  std::vector<path_grants> within;

  // Whether there is any path, apart from mounts, for which all have something to say.
  [[nodiscard]] bool grants_paths() const noexcept;
  // Whether paths are ruled by grants at all.
  [[nodiscard]] bool rules_paths() const noexcept { return !empty() || !within.empty(); }
  // Never `automatic`.
  [[nodiscard]] root_kind root_in_force() const noexcept;

  bool operator==(const fs_policy&) const = default;
};

enum class net_kind { none, all, some };

struct net_policy {
  net_kind kind = net_kind::none;
  // For `some`:
  std::vector<std::uint16_t> connect, bind;  // TCP ports
  bool loopback = false;                     // up, in a network of its own
  bool unix_sockets = false;                 // "unix"

  // Of the network around.
  [[nodiscard]] bool grants_ports() const noexcept {
    return kind == net_kind::some && (!connect.empty() || !bind.empty());
  }

  bool operator==(const net_policy&) const = default;
};

enum class id_map_kind {
  self,   // the caller's, and nobody else's
  subid,  // and the ranges of /etc/subuid and /etc/subgid, which have the numbers beside it, from 0
  list,   // these
};

// Whose ids the box has.
struct id_map_policy {
  id_map_kind kind = id_map_kind::self;
  id_maps listed;  // for `list`; as one list if users and groups have the same

  bool operator==(const id_map_policy&) const = default;
};

struct user_policy {
  // In the box; by default the caller's, or, where a list has no place for him, its first.
  std::optional<std::uint32_t> uid, gid;
  std::optional<std::vector<std::uint32_t>> groups;  // supplementary
  id_map_policy map;

  bool operator==(const user_policy&) const = default;
};

struct cgroup_policy {
  std::optional<std::uint64_t> memory_max, memory_swap_max;  // bytes
  std::optional<std::uint64_t> pids_max;
  std::string cpu_max, io_max;  // in the words of the kernel: "50000 100000"

  bool operator==(const cgroup_policy&) const = default;
};

struct limit_policy {
  std::map<std::string, std::uint64_t> rlimits;  // by the names of limit_names(); soft and hard
  std::optional<double> wall_time;               // seconds
  cgroup_policy cgroup;

  bool operator==(const limit_policy&) const = default;
};

struct ipc_policy {
  bool abstract_unix = false;  // abstract unix sockets of outside
  bool signals = false;        // to processes outside

  bool operator==(const ipc_policy&) const = default;
};

enum class policy_mode {
  strict,       // what cannot be enforced exactly is refused
  best_effort,  // it is reported
};

struct policy {
  fs_policy fs;
  net_policy net;
  std::optional<syscall_policy> syscalls;              // none: what the rest of the policy needs
  std::vector<syscall_policy> syscalls_within;         // each of which must permit a call, too
  std::optional<std::vector<std::string>> namespaces;  // none: "auto"
  user_policy user;
  std::vector<std::string> capabilities;  // kept: "cap_net_raw"
  limit_policy limits;
  ipc_policy ipc;
  std::map<std::string, std::string> env;
  std::string cwd = "/";
  std::optional<std::string> hostname;
  std::optional<std::uint32_t> umask;
  std::optional<std::int32_t> nice, oom_score_adj;
  bool jit = false;  // executable memory for a Lua actor
  bool new_session = true;
  bool die_with_parent = true;
  bool no_new_privs = true;
  bool dumpable = false;
  bool close_fds = true;
  policy_mode mode = policy_mode::strict;

  bool operator==(const policy&) const = default;
};

struct policy_error {
  std::string where;  // the field's path, or empty: "fs.mounts[2].target"
  std::string what;
};

// "where: what"
[[nodiscard]] std::string in_words(const policy_error& error);

template <class T = void>
using policy_result = boost::system::result<T, policy_error>;

struct named_limit {
  std::string_view name;  // "open_files"
  int resource;           // RLIMIT_NOFILE
};

[[nodiscard]] std::span<const named_limit> limit_names() noexcept;

// The first fault: a field that another one rules out, a name that nothing has. What read_policy()
// returns has been checked; what C++ has built is checked by the planner.
[[nodiscard]] policy_result<> check(const policy& policy);

inline constexpr std::size_t max_policy_size = std::size_t{1} << 20;

// From JSON (RFC 8259). Unknown fields, fields given twice and wrong types are errors, as is what
// check() finds.
[[nodiscard]] policy_result<policy> read_policy(std::string_view json);

// From JSON that has been read already, or made of something else.
[[nodiscard]] policy_result<policy> read_policy(const boost::json::value& json);

// All fields that have a value; read_policy() gives the same policy back.
[[nodiscard]] std::string write_policy(const policy& policy);

}  // namespace emilua::sandbox
