// Plans as people and programs read them.
#include <linux/capability.h>
#include <linux/mount.h>
#include <sys/capability.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstring>

#include "lib/base/bytes.h"
#include "lib/sandbox/landlock.h"
#include "lib/sandbox/plan.h"
#include "lib/sandbox/plan_mounts.h"

namespace emilua::sandbox {
namespace {

namespace json = boost::json;

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string mount_flags(const step& s) {
  constexpr struct {
    std::uint64_t bit;
    const char* name;
  } names[] = {{MOUNT_ATTR_RDONLY, "ro"},
               {MOUNT_ATTR_NOEXEC, "noexec"},
               {MOUNT_ATTR_NOSUID, "nosuid"},
               {MOUNT_ATTR_NODEV, "nodev"}};
  std::string text;
  for (const auto& [bit, name] : names)
    if (s.number & bit) text += (text.empty() ? "" : ",") + std::string{name};
  if (text.empty()) text = "rw";
  return " (" + text + ((s.flags & step_recursive) ? ", with what is mounted beneath)" : ")");
}

std::string right_names(std::span<const named_right> rights, std::uint64_t bits) {
  std::vector<std::string> names;
  for (const named_right& right : rights)
    if (bits & right.bit) names.emplace_back(right.name);
  return joined(names);
}

// "tmpfs" of "tmpfs\0mode=0755\0".
std::string type_of(const step& s) { return s.data.c_str(); }

std::string options_of(const step& s) {
  std::string text;
  for (std::size_t at = type_of(s).size() + 1; at < s.data.size();) {
    const std::string option = s.data.c_str() + at;
    text += (text.empty() ? "" : ",") + option;
    at += option.size() + 1;
  }
  return text.empty() ? "" : ", " + text;
}

std::string capability_names(std::uint64_t bits) {
  std::vector<std::string> names;
  for (int i = 0; i < 64; ++i) {
    if (!((bits >> i) & 1)) continue;
    char* const name = ::cap_to_name(i);
    names.emplace_back(name != nullptr ? name : std::to_string(i));
    ::cap_free(name);
  }
  return joined(names);
}

std::string limit_name(std::uint64_t resource) {
  for (const named_limit& limit : limit_names())
    if (static_cast<std::uint64_t>(limit.resource) == resource) return std::string{limit.name};
  return std::to_string(resource);
}

std::string one_line(std::string_view data) {
  std::string text{data};
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::ranges::replace(text, '\n', ',');
  return text;
}

std::string describe_ruleset(const step& s) {
  std::string text = "Landlock: deny";
  if (s.number) text += " every path";
  if (s.number2) text += std::string{s.number ? "," : ""} + " TCP ports";
  if (s.number3) text += ", scopes " + right_names(scopes(), s.number3);
  return text;
}

std::string describe_groups(const step& s) {
  std::vector<std::string> ids;
  for (std::size_t at = 0; at + sizeof(std::uint32_t) <= s.data.size();
       at += sizeof(std::uint32_t)) {
    std::uint32_t id;
    std::memcpy(&id, s.data.data() + at, sizeof id);
    ids.push_back(std::to_string(id));
  }
  return ids.empty() ? "no supplementary groups" : "supplementary groups " + joined(ids);
}

}  // namespace

const char* mechanism_of(step_kind kind) noexcept {
  switch (kind) {
    case step_kind::join_cgroup:
      return "cgroup";
    case step_kind::arm_death_signal:
    case step_kind::forbid_dumps:
    case step_kind::forbid_privileges:
      return "prctl";
    case step_kind::new_session:
    case step_kind::set_priority:
    case step_kind::change_directory:
    case step_kind::set_umask:
      return "process attributes";
    case step_kind::await_maps:
      return "user namespace";
    case step_kind::write_file:
      return "procfs";
    case step_kind::begin_network:
    case step_kind::enter_network:
    case step_kind::raise_loopback:
      return "network namespace";
    case step_kind::private_mounts:
    case step_kind::make_root:
    case step_kind::clone_root:
    case step_kind::open_root:
    case step_kind::make_directories:
    case step_kind::make_file:
    case step_kind::copy_file:
    case step_kind::make_symlink:
    case step_kind::mount_type:
    case step_kind::bind:
    case step_kind::bind_descriptor:
    case step_kind::close_sources:
    case step_kind::change_mount:
    case step_kind::enter_root:
      return "mount namespace";
    case step_kind::take_terminal:
    case step_kind::lead_terminal:
      return "terminal";
    case step_kind::set_hostname:
      return "UTS namespace";
    case step_kind::set_limit:
      return "rlimit";
    case step_kind::set_groups:
    case step_kind::set_gid:
    case step_kind::set_uid:
      return "credentials";
    case step_kind::limit_capabilities:
    case step_kind::lock_securebits:
      return "capabilities";
    case step_kind::create_ruleset:
    case step_kind::allow_path:
    case step_kind::allow_descriptor:
    case step_kind::allow_port:
    case step_kind::enforce_ruleset:
      return "Landlock";
    case step_kind::split_first_process:
      return "pid namespace";
    case step_kind::install_filter:
      return "seccomp";
  }
  return "?";
}

std::string describe(const step& s) {
  const std::string number = std::to_string(static_cast<std::int64_t>(s.number));
  switch (s.kind) {
    case step_kind::join_cgroup:
      return (s.number != 0 ? "join the box's cgroup, in a namespace: "
                            : "join the box's cgroup: ") +
             s.data;
    case step_kind::arm_death_signal:
      return "SIGKILL when the supervisor ends";
    case step_kind::new_session:
      return "new session";
    case step_kind::take_terminal:
      return "standard input is the controlling terminal";
    case step_kind::lead_terminal:
      return "foreground of the terminal";
    case step_kind::await_maps:
      return "wait for the maps " + s.data;
    case step_kind::write_file:
      return "write \"" + one_line(s.data) + "\" to " + s.path;
    case step_kind::begin_network:
      return "begin to make the network namespace";
    case step_kind::enter_network:
      return "enter the network namespace";
    case step_kind::raise_loopback:
      return "bring up the loopback interface";
    case step_kind::set_priority:
      return "nice " + number;
    case step_kind::private_mounts:
      return "no mounts to or from the host";
    case step_kind::make_root:
      return "new root: " + type_of(s) + options_of(s) + mount_flags(s);
    case step_kind::clone_root:
      return "new root: the host's tree" + mount_flags(s);
    case step_kind::open_root:
      return "targets are looked up in the host's tree";
    case step_kind::make_directories:
      return "directory " + s.path + ", mode " + octal(s.number);
    case step_kind::make_file:
      return "file " + s.path + " of " + std::to_string(s.data.size()) + " bytes, mode " +
             octal(s.number);
    case step_kind::copy_file:
      return "file " + s.path + " from descriptor " + std::to_string(s.number3) + ", mode " +
             octal(s.number);
    case step_kind::make_symlink:
      return "symlink " + s.path + " to " + s.data;
    case step_kind::mount_type:
      return "mount " + type_of(s) + " at " + s.path + options_of(s) + mount_flags(s);
    case step_kind::bind:
      return "bind " + s.data + " at " + s.path + mount_flags(s);
    case step_kind::bind_descriptor:
      return "bind descriptor " + std::to_string(s.number3) + " at " + s.path + mount_flags(s);
    case step_kind::close_sources:
      return "close the descriptors of mounts";
    case step_kind::change_mount:
      return "set the flags of the mount at " + s.path + mount_flags(s);
    case step_kind::enter_root:
      return "pivot_root, detach the host's tree";
    case step_kind::change_directory:
      return "chdir " + s.path;
    case step_kind::set_hostname:
      return "host name " + s.data;
    case step_kind::set_umask:
      return "umask " + octal(s.number);
    case step_kind::set_limit:
      return "limit " + limit_name(s.number) + " to " + std::to_string(s.number2);
    case step_kind::set_groups:
      return describe_groups(s);
    case step_kind::set_gid:
      return "gid " + number;
    case step_kind::set_uid:
      return "uid " + number;
    case step_kind::limit_capabilities:
      return s.number ? "keep the capabilities " + capability_names(s.number)
                      : "drop all capabilities";
    case step_kind::lock_securebits:
      return "lock securebits: uid 0 means nothing";
    case step_kind::forbid_dumps:
      return "not dumpable";
    case step_kind::forbid_privileges:
      return "no_new_privs";
    case step_kind::create_ruleset:
      return describe_ruleset(s);
    case step_kind::allow_path:
      return "Landlock: allow " + right_names(fs_rights(), s.number) + " beneath " + s.path +
             ((s.flags & step_optional) ? ", if it exists" : "");
    case step_kind::allow_descriptor:
      return "Landlock: allow " + right_names(fs_rights(), s.number) + " of the program's file";
    case step_kind::allow_port:
      return "Landlock: allow " + right_names(net_rights(), s.number2) + " " + number;
    case step_kind::enforce_ruleset:
      return "Landlock: enforce";
    case step_kind::split_first_process:
      return "split: process 1 reaps and passes signals on";
    case step_kind::install_filter:
      return "filter of system calls, " + std::to_string(s.data.size() / 8) + " instructions";
  }
  return "?";
}

namespace {

std::vector<std::string> namespace_names(namespace_set set) {
  std::vector<std::string> names;
  for (const named_namespace& kind : namespace_kinds())
    if (set & kind.flag) names.emplace_back(kind.name);
  return names;
}

json::array report_of(const plan& plan) {
  json::array report;
  for (const clause_report& c : plan.report) {
    json::object clause{{"clause", c.clause}, {"level", level_name(c.enforced)}};
    if (!c.mechanism.empty()) clause["mechanism"] = c.mechanism;
    if (!c.why.empty()) clause["why"] = c.why;
    if (!c.remedy.empty()) clause["remedy"] = c.remedy;
    report.push_back(std::move(clause));
  }
  return report;
}

}  // namespace

std::string explain(const plan& plan) {
  std::string text;
  const auto line = [&](const std::string& what, const std::string& clause) {
    text +=
        what + std::string(what.size() < 58 ? 58 - what.size() : 1, ' ') + " # " + clause + "\n";
  };
  if (plan.namespaces) line("namespaces " + joined(namespace_names(plan.namespaces)), "namespaces");
  for (const step& s : plan.steps) line(describe(s), s.clause);
  text += "\n";
  for (const clause_report& c : plan.report) {
    text += c.clause + ": " + level_name(c.enforced);
    if (!c.mechanism.empty()) text += ", by " + c.mechanism;
    if (!c.why.empty()) text += ": " + c.why;
    if (!c.remedy.empty()) text += "; what would help: " + c.remedy;
    text += "\n";
  }
  for (const std::string& name : plan.skipped_calls)
    text += "syscalls: " + name + ": not a system call of this architecture\n";
  return text;
}

std::string explain_json(const plan& plan) {
  json::array namespaces, steps, skipped;
  for (const std::string& name : namespace_names(plan.namespaces)) namespaces.emplace_back(name);
  for (const step& s : plan.steps)
    steps.push_back(json::object{{"clause", s.clause}, {"step", describe(s)}});
  for (const std::string& name : plan.skipped_calls) skipped.emplace_back(name);
  return json::serialize(json::object{{"namespaces", std::move(namespaces)},
                                      {"steps", std::move(steps)},
                                      {"skipped_calls", std::move(skipped)},
                                      {"report", report_of(plan)}});
}

std::string report_json(const plan& plan) { return json::serialize(report_of(plan)); }

}  // namespace emilua::sandbox
