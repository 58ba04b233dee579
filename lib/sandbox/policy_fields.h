// The spelling of every field, once, for reader and writer alike:
//
//   fields(policy, [&](const char* name, auto& member) { … });
//
// Where a field's form depends on another's value (net, mounts, syscalls, map), reader and writer
// handle the whole.
#pragma once

#include "lib/sandbox/policy.h"

namespace emilua::sandbox {

template <class Policy, class Visit>
requires std::same_as<std::remove_const_t<Policy>, policy>
void fields(Policy& p, Visit&& visit) {
  visit("fs", p.fs);
  visit("net", p.net);
  visit("syscalls", p.syscalls);
  visit("syscalls_within", p.syscalls_within);
  visit("namespaces", p.namespaces);
  visit("user", p.user);
  visit("capabilities", p.capabilities);
  visit("limits", p.limits);
  visit("ipc", p.ipc);
  visit("env", p.env);
  visit("cwd", p.cwd);
  visit("hostname", p.hostname);
  visit("umask", p.umask);
  visit("nice", p.nice);
  visit("oom_score_adj", p.oom_score_adj);
  visit("jit", p.jit);
  visit("new_session", p.new_session);
  visit("die_with_parent", p.die_with_parent);
  visit("no_new_privs", p.no_new_privs);
  visit("dumpable", p.dumpable);
  visit("close_fds", p.close_fds);
  visit("mode", p.mode);
}

template <class Policy, class Visit>
requires std::same_as<std::remove_const_t<Policy>, path_grants>
void fields(Policy& p, Visit&& visit) {
  visit("read", p.read);
  visit("write", p.write);
  visit("exec", p.exec);
  visit("rules", p.rules);
}

template <class Policy, class Visit>
requires std::same_as<std::remove_const_t<Policy>, fs_policy>
void fields(Policy& p, Visit&& visit) {
  using grants = std::conditional_t<std::is_const_v<Policy>, const path_grants, path_grants>;
  fields(static_cast<grants&>(p), visit);
  visit("root", p.root);
  visit("mounts", p.mounts);
  visit("within", p.within);
}

template <class Policy, class Visit>
requires std::same_as<std::remove_const_t<Policy>, exact_grant>
void fields(Policy& p, Visit&& visit) {
  visit("path", p.path);
  visit("access", p.access);
  visit("optional", p.optional);
}

template <class Policy, class Visit>
requires std::same_as<std::remove_const_t<Policy>, mount_entry>
void fields(Policy& p, Visit&& visit) {
  visit("type", p.kind);
  visit("target", p.target);
  visit("source", p.source);
  visit("content", p.content);
  visit("readonly", p.readonly);
  visit("noexec", p.noexec);
  visit("nosuid", p.nosuid);
  visit("nodev", p.nodev);
  visit("recursive", p.recursive);
  visit("optional", p.optional);
  visit("size", p.size);
  visit("mode", p.mode);
  visit("lower", p.lower);
  visit("upper", p.upper);
  visit("work", p.work);
}

template <class Policy, class Visit>
requires std::same_as<std::remove_const_t<Policy>, net_policy>
void fields(Policy& p, Visit&& visit) {
  visit("connect", p.connect);
  visit("bind", p.bind);
  visit("loopback", p.loopback);
  visit("unix", p.unix_sockets);
}

template <class Policy, class Visit>
requires std::same_as<std::remove_const_t<Policy>, user_policy>
void fields(Policy& p, Visit&& visit) {
  visit("uid", p.uid);
  visit("gid", p.gid);
  visit("groups", p.groups);
  visit("map", p.map);
}

template <class Policy, class Visit>
requires std::same_as<std::remove_const_t<Policy>, id_maps>
void fields(Policy& p, Visit&& visit) {
  visit("uid", p.uids);
  visit("gid", p.gids);
}

template <class Policy, class Visit>
requires std::same_as<std::remove_const_t<Policy>, id_range>
void fields(Policy& p, Visit&& visit) {
  visit("inside", p.inside);
  visit("outside", p.outside);
  visit("count", p.count);
}

template <class Policy, class Visit>
requires std::same_as<std::remove_const_t<Policy>, limit_policy>
void fields(Policy& p, Visit&& visit) {
  for (const named_limit& limit : limit_names()) {
    const std::string name{limit.name};
    if constexpr (std::is_const_v<Policy>) {
      if (const auto it = p.rlimits.find(name); it != p.rlimits.end())
        visit(name.c_str(), it->second);
    } else {
      std::optional<std::uint64_t> value;
      visit(name.c_str(), value);
      if (value) p.rlimits[name] = *value;
    }
  }
  visit("wall_time", p.wall_time);
  visit("cgroup", p.cgroup);
}

template <class Policy, class Visit>
requires std::same_as<std::remove_const_t<Policy>, cgroup_policy>
void fields(Policy& p, Visit&& visit) {
  visit("memory_max", p.memory_max);
  visit("memory_swap_max", p.memory_swap_max);
  visit("pids_max", p.pids_max);
  visit("cpu_max", p.cpu_max);
  visit("io_max", p.io_max);
}

template <class Policy, class Visit>
requires std::same_as<std::remove_const_t<Policy>, ipc_policy>
void fields(Policy& p, Visit&& visit) {
  visit("abstract_unix", p.abstract_unix);
  visit("signals", p.signals);
}

// Enumerations, by name.
template <class Enum>
struct enum_name {
  const char* name;
  Enum value;
};

template <class Enum>
inline constexpr enum_name<Enum> enum_names[] = {};

template <>
inline constexpr enum_name<mount_kind> enum_names<mount_kind>[] = {
    {"bind", mount_kind::bind},       {"tmpfs", mount_kind::tmpfs},
    {"proc", mount_kind::proc},       {"dev", mount_kind::dev},
    {"mqueue", mount_kind::mqueue},   {"overlay", mount_kind::overlay},
    {"file", mount_kind::file},       {"dir", mount_kind::dir},
    {"symlink", mount_kind::symlink}, {"remount", mount_kind::remount},
};

template <>
inline constexpr enum_name<root_kind> enum_names<root_kind>[] = {
    {"auto", root_kind::automatic},
    {"host", root_kind::host},
    {"empty", root_kind::empty},
};

template <>
inline constexpr enum_name<policy_mode> enum_names<policy_mode>[] = {
    {"strict", policy_mode::strict},
    {"best_effort", policy_mode::best_effort},
};

}  // namespace emilua::sandbox
