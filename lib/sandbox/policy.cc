#include "lib/sandbox/policy.h"

#include <sys/capability.h>
#include <sys/resource.h>

#include <algorithm>
#include <span>

#include "lib/sandbox/landlock.h"
#include "lib/sandbox/namespaces.h"

namespace emilua::sandbox {
namespace {

constexpr named_limit limits[] = {
    {"address_space", RLIMIT_AS},  {"core", RLIMIT_CORE},       {"cpu_time", RLIMIT_CPU},
    {"data", RLIMIT_DATA},         {"file_size", RLIMIT_FSIZE}, {"locked_memory", RLIMIT_MEMLOCK},
    {"open_files", RLIMIT_NOFILE}, {"processes", RLIMIT_NPROC}, {"stack", RLIMIT_STACK},
};

std::string indexed(const std::string& list, std::size_t i, const char* member = "") {
  return list + ("[" + std::to_string(i) + "]") + member;
}

// A path that means one thing whoever reads it, and that no link in the text leads elsewhere.
std::optional<std::string> path_fault(std::string_view path) {
  if (path.empty()) return "a path is missing";
  if (path.front() != '/') return "'" + std::string{path} + "' is not an absolute path";
  if (path.size() >= 4096) return "a path of " + std::to_string(path.size()) + " bytes";
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view name = path.substr(at, end - at);
    if (name == "." || name == "..")
      return "'" + std::string{path} + "' contains '" + std::string{name} + "'";
    at = end + 1;
  }
  return std::nullopt;
}

// Collects the first fault: each test is one line, and the first that fails is the answer.
class checker {
 public:
  void require(bool holds, std::string where, std::string what) {
    if (!holds && !fault_) fault_ = policy_error{std::move(where), std::move(what)};
  }

  void require_path(std::string_view path, std::string where) {
    if (fault_) return;
    if (auto fault = path_fault(path)) fault_ = policy_error{std::move(where), std::move(*fault)};
  }

  [[nodiscard]] policy_result<> result() {
    if (fault_) return std::move(*fault_);
    return {};
  }

 private:
  std::optional<policy_error> fault_;
};

// `where`: "fs".
void check_grants(checker& is, const path_grants& grants, const std::string& where) {
  const auto all = [&](const char* name, const std::vector<granted_path>& paths) {
    for (std::size_t i = 0; i < paths.size(); ++i)
      is.require_path(paths[i].path, indexed(where + name, i));
  };
  all(".read", grants.read);
  all(".write", grants.write);
  all(".exec", grants.exec);
  for (std::size_t i = 0; i < grants.rules.size(); ++i) {
    const exact_grant& rule = grants.rules[i];
    const std::string place = indexed(where + ".rules", i);
    is.require_path(rule.path, place + ".path");
    is.require(!rule.access.empty(), place + ".access", "no right is named");
    for (const std::string& right : rule.access)
      is.require(fs_right(right).has_value(), place + ".access", "unknown right '" + right + "'");
  }
}

void check_fs(checker& is, const fs_policy& fs) {
  check_grants(is, fs, "fs");
  for (std::size_t i = 0; i < fs.within.size(); ++i)
    check_grants(is, fs.within[i], indexed("fs.within", i));
  constexpr std::size_t most = 15;  // Landlock's, less the first and one for who sandboxes itself
  is.require(fs.within.size() < most, "fs.within", "more lists of grants than the kernel takes");
}

void check_mount(checker& is, const mount_entry& entry, std::size_t i, root_kind root) {
  const auto at = [i](const char* member) { return indexed("fs.mounts", i, member); };
  is.require_path(entry.target, at(".target"));
  const bool sourced = !entry.source.path.empty() || entry.source.descriptor != -1;
  const bool is_file = entry.kind == mount_kind::file, is_link = entry.kind == mount_kind::symlink;
  if (entry.kind == mount_kind::bind) {
    is.require(sourced, at(".source"), "a path or a descriptor is missing");
    if (!entry.source.path.empty()) is.require_path(entry.source.path, at(".source"));
  } else {
    is.require(!sourced || (is_file && entry.source.path.empty()), at(".source"),
               is_file ? "a file's source is a descriptor" : "only a bind mount has one");
    is.require(!entry.optional, at(".optional"), "only a bind mount can be left out");
  }
  is.require(!entry.size || entry.kind == mount_kind::tmpfs, at(".size"), "only a tmpfs has one");
  is.require(
      !entry.mode || entry.kind == mount_kind::tmpfs || entry.kind == mount_kind::dir || is_file,
      at(".mode"), "only a tmpfs, a dir and a file have one");
  is.require(!entry.mode || *entry.mode <= 07777, at(".mode"), "more than permission bits");
  is.require(entry.content.empty() || is_file || is_link, at(".content"),
             "only a file and a symlink have one");
  is.require(entry.content.empty() || entry.source.descriptor == -1, at(".content"),
             "a source is given, too");
  is.require(!is_link || !entry.content.empty(), at(".content"),
             "what the link refers to is missing");
  is.require(root != root_kind::host || (!is_file && !is_link && entry.kind != mount_kind::dir),
             at(".type"), "nothing can be made in the host's tree: fs.root = \"empty\"");
  const bool overlay = entry.kind == mount_kind::overlay;
  is.require(overlay == !entry.lower.empty(), at(".lower"),
             overlay ? "no directory is named" : "only an overlay has one");
  is.require(overlay || (entry.upper.empty() && entry.work.empty()), at(".upper"),
             "only an overlay has one");
  is.require(entry.upper.empty() == entry.work.empty(), at(".work"),
             "'upper' and 'work' go together");
  for (const std::string& path : entry.lower) {
    is.require_path(path, at(".lower"));
    // Separators of the kernel's option.
    is.require(path.find_first_of(":,\\") == path.npos, at(".lower"),
               "'" + path + "' contains ':', ',' or '\\'");
  }
}

// `one`: there is one list for users and groups.
void check_ranges(checker& is, const id_ranges& list, const char* name, bool one) {
  const std::string where = std::string{"user.map"} + (one ? "" : name);
  is.require(!list.empty(), where, "no range is named");
  if (list.size() > 340) return is.require(false, where, "more ranges than the kernel takes");
  for (std::size_t i = 0; i < list.size(); ++i) {
    const id_range& range = list[i];
    const auto fits = [&](std::uint32_t first) {
      return std::uint64_t{first} + range.count <= 0xffffffff;
    };
    is.require(range.count > 0 && fits(range.inside) && fits(range.outside), indexed(where, i),
               "not a range of ids");
    for (std::size_t j = 0; j < i; ++j) {
      const auto meet = [&](std::uint32_t id_range::*first) {
        return std::uint64_t{range.*first} < std::uint64_t{list[j].*first} + list[j].count &&
               std::uint64_t{list[j].*first} < std::uint64_t{range.*first} + range.count;
      };
      is.require(!meet(&id_range::inside) && !meet(&id_range::outside), indexed(where, i),
                 "shares ids with another range");
    }
  }
}

void check_user(checker& is, const user_policy& user) {
  if (user.map.kind != id_map_kind::list) return;
  const auto& [uids, gids] = user.map.listed;
  check_ranges(is, uids, ".uid", uids == gids);
  if (uids != gids) check_ranges(is, gids, ".gid", false);
  const auto mapped = [&](const id_ranges& map, std::uint32_t id, std::string where) {
    is.require(outside_of(map, id).has_value(), std::move(where),
               std::to_string(id) + " is nobody in user.map");
  };
  if (user.uid) mapped(uids, *user.uid, "user.uid");
  if (user.gid) mapped(gids, *user.gid, "user.gid");
  for (std::size_t i = 0; user.groups && i < user.groups->size(); ++i)
    mapped(gids, (*user.groups)[i], indexed("user.groups", i));
}

void check_numbers(checker& is, const policy& policy) {
  for (const auto& [name, value] : policy.limits.rlimits) {
    bool known = false;
    for (const named_limit& limit : limits) known = known || limit.name == name;
    is.require(known, "limits." + name, "unknown limit");
  }
  const auto& wall = policy.limits.wall_time;
  is.require(!wall || (*wall > 0 && *wall < 1e9), "limits.wall_time",
             "a positive number of seconds expected");
  is.require(!policy.umask || *policy.umask <= 0777, "umask", "more than permission bits");
  is.require(!policy.nice || (*policy.nice >= -20 && *policy.nice <= 19), "nice",
             "a number from -20 to 19 expected");
  is.require(
      !policy.oom_score_adj || (*policy.oom_score_adj >= -1000 && *policy.oom_score_adj <= 1000),
      "oom_score_adj", "a number from -1000 to 1000 expected");
  is.require(!policy.hostname || (!policy.hostname->empty() && policy.hostname->size() <= 64),
             "hostname", "1 to 64 bytes expected");
}

void check_names(checker& is, const policy& policy) {
  if (policy.namespaces) {
    for (std::size_t i = 0; i < policy.namespaces->size(); ++i) {
      const std::string& name = (*policy.namespaces)[i];
      is.require(namespace_by_name(name).has_value(), indexed("namespaces", i),
                 "unknown namespace '" + name + "'");
    }
  }
  for (std::size_t i = 0; i < policy.capabilities.size(); ++i) {
    const std::string& name = policy.capabilities[i];
    cap_value_t value;
    is.require(::cap_from_name(name.c_str(), &value) == 0, indexed("capabilities", i),
               "unknown capability '" + name + "'");
  }
}

}  // namespace

root_kind fs_policy::root_in_force() const noexcept {
  if (root != root_kind::automatic) return root;
  return grants_paths() ? root_kind::host : root_kind::empty;
}

bool fs_policy::grants_paths() const noexcept {
  return !empty() && std::ranges::none_of(within, &path_grants::empty);
}

std::span<const named_limit> limit_names() noexcept { return limits; }

std::string in_words(const policy_error& error) {
  return error.where.empty() ? error.what : error.where + ": " + error.what;
}

policy_result<> check(const policy& policy) {
  checker is;
  check_fs(is, policy.fs);
  const root_kind root = policy.fs.root_in_force();
  for (std::size_t i = 0; i < policy.fs.mounts.size(); ++i)
    check_mount(is, policy.fs.mounts[i], i, root);
  const auto by_descriptor = std::ranges::count_if(
      policy.fs.mounts, [](const mount_entry& entry) { return entry.source.descriptor != -1; });
  is.require(by_descriptor <= static_cast<std::ptrdiff_t>(max_sources), "fs.mounts",
             "more than " + std::to_string(max_sources) + " descriptors");
  check_user(is, policy.user);
  check_numbers(is, policy);
  check_names(is, policy);
  is.require_path(policy.cwd, "cwd");
  is.require(policy.no_new_privs, "no_new_privs",
             "must be true: the filter of system calls and Landlock need it");
  return is.result();
}

}  // namespace emilua::sandbox
