#include "lib/sandbox/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "lib/base/bytes.h"
#include "lib/base/file.h"

namespace emilua::sandbox {
namespace {

constexpr std::string_view prefix = "emilua-box-";
constexpr std::size_t most = 1 << 20;  // of what is read from the kernel

base::result<std::string> read_at(int directory, const char* name) {
  const base::unique_fd fd{::openat(directory, name, O_RDONLY | O_CLOEXEC)};
  if (!fd) return base::last_error();
  return base::read_all(fd.get(), most);
}

base::result<> write_at(int directory, const char* name, std::string_view text) {
  const base::unique_fd fd{::openat(directory, name, O_WRONLY | O_CLOEXEC)};
  if (!fd) return base::last_error();
  // In one write: each is a command.
  const ssize_t n = base::retry([&] { return ::write(fd.get(), text.data(), text.size()); });
  if (n == -1) return base::last_error();
  return {};
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

bool has_word(std::string_view text, std::string_view word) {
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  const auto words = split(text, ' ');
  return std::ranges::find(words, word) != words.end();
}

// When a process began, in the kernel's ticks: with its number, it is that process alone.
std::string start_time(std::string_view pid) {
  const auto stat = base::read_file(("/proc/" + std::string{pid} + "/stat").c_str(), most);
  if (!stat) return "";
  // The second field is a name in parentheses, which may contain anything.
  const std::size_t after = stat->rfind(')');
  if (after == stat->npos) return "";
  const auto fields = split(std::string_view{*stat}.substr(after + 1), ' ');
  constexpr std::size_t field = 20;  // the 22nd of all; an empty one comes first
  return fields.size() > field ? std::string{fields[field]} : "";
}

// "emilua-box-PID-START-N"
bool is_orphan(std::string_view name) {
  if (!name.starts_with(prefix)) return false;
  const auto parts = split(name.substr(prefix.size()), '-');
  return parts.size() >= 3 && start_time(parts[0]) != parts[1];
}

std::string next_name() {
  static int count = 0;
  const std::string pid = std::to_string(::getpid());
  return std::string{prefix} + pid + "-" + start_time(pid) + "-" + std::to_string(++count);
}

bool is_populated(int leaf) {
  const auto events = read_at(leaf, "cgroup.events");
  return events && events->find("populated 1") != events->npos;
}

// Kills who is in there, and waits for the last of them.
void empty(int leaf) {
  if (!write_at(leaf, "cgroup.kill", "1")) return;
  const base::unique_fd events{::openat(leaf, "cgroup.events", O_RDONLY | O_CLOEXEC)};
  while (is_populated(leaf)) {
    // Told when it changes; and looked at now and then, for a change before the poll.
    pollfd change{events.get(), POLLPRI, 0};
    static_cast<void>(base::retry([&] { return ::poll(&change, 1, 100); }));
  }
}

cgroup_failure failure(std::string what, std::error_code code) { return {std::move(what), code}; }

// The caller into a leaf of its own, if there is nobody else.
cgroup_result<> step_aside(int parent) {
  const auto processes = read_at(parent, "cgroup.procs");
  if (!processes) return failure("cgroup.procs", processes.error());
  if (*processes != std::to_string(::getpid()) + "\n")
    return failure("cgroup.subtree_control", base::system_error(EBUSY));
  const std::string name = next_name() + "-supervisor";
  if (::mkdirat(parent, name.c_str(), 0755) == -1) return failure("mkdir", base::last_error());
  if (const auto moved = write_at(parent, (name + "/cgroup.procs").c_str(), "0"); !moved)
    return failure("cgroup.procs", moved.error());
  return {};
}

// What is to be written, and where.
std::vector<std::pair<const char*, std::string>> files_of(const cgroup_policy& limits) {
  std::vector<std::pair<const char*, std::string>> files;
  const auto number = [&](const char* name, const std::optional<std::uint64_t>& value) {
    if (value) files.emplace_back(name, std::to_string(*value));
  };
  number("memory.max", limits.memory_max);
  number("memory.swap.max", limits.memory_swap_max);
  number("pids.max", limits.pids_max);
  if (!limits.cpu_max.empty()) files.emplace_back("cpu.max", limits.cpu_max);
  if (!limits.io_max.empty()) files.emplace_back("io.max", limits.io_max);
  return files;
}

}  // namespace

std::vector<std::string_view> controllers_of(const cgroup_policy& limits) {
  std::vector<std::string_view> out;
  if (limits.memory_max || limits.memory_swap_max) out.emplace_back("memory");
  if (limits.pids_max) out.emplace_back("pids");
  if (!limits.cpu_max.empty()) out.emplace_back("cpu");
  if (!limits.io_max.empty()) out.emplace_back("io");
  return out;
}

base::result<std::string> own_cgroup() {
  const auto groups = base::read_file("/proc/self/cgroup", most);
  if (!groups) return groups.error();
  const auto mounts = base::read_file("/proc/self/mountinfo", most);
  if (!mounts) return mounts.error();
  std::string path;
  bool found = false;
  for (const std::string_view line : split(*groups, '\n')) {
    if (!line.starts_with("0::/")) continue;
    path = line.substr(3);
    found = true;
  }
  if (!found) return base::system_error(ENOENT);
  for (const std::string_view line : split(*mounts, '\n')) {
    const std::size_t dash = line.find(" - cgroup2 ");
    const auto fields = split(line.substr(0, std::min(dash, line.size())), ' ');
    if (dash == line.npos || fields.size() < 5) continue;
    // What of the hierarchy is mounted there: our place in it is relative to that.
    const std::string_view root = fields[3], at = fields[4];
    if (root != "/" && !path.starts_with(root)) continue;
    return std::string{at} + (root == "/" ? path : path.substr(root.size()));
  }
  return base::system_error(ENOENT);
}

cgroup_result<> enable_controllers(int directory, const std::vector<std::string_view>& wanted) {
  const auto there = read_at(directory, "cgroup.controllers");
  if (!there) return failure("cgroup.controllers", there.error());
  const auto enabled = read_at(directory, "cgroup.subtree_control");
  if (!enabled) return failure("cgroup.subtree_control", enabled.error());
  std::string missing;
  for (const std::string_view name : wanted) {
    if (!has_word(*there, name))
      return failure("the controller " + std::string{name}, base::system_error(ENOTSUP));
    if (!has_word(*enabled, name)) missing += (missing.empty() ? "+" : " +") + std::string{name};
  }
  if (missing.empty()) return {};
  if (const auto written = write_at(directory, "cgroup.subtree_control", missing); !written)
    return failure("cgroup.subtree_control", written.error());
  return {};
}

std::vector<std::string> usable_controllers(const std::string& directory) {
  const base::unique_fd fd{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!fd) return {};
  const auto there = read_at(fd.get(), "cgroup.controllers");
  const auto enabled = read_at(fd.get(), "cgroup.subtree_control");
  if (!there || !enabled) return {};
  const bool writable = ::faccessat(fd.get(), "cgroup.subtree_control", W_OK, AT_EACCESS) == 0;
  std::vector<std::string> out;
  for (const char* const name : {"memory", "pids", "cpu", "io"})
    if (has_word(*enabled, name) || (writable && has_word(*there, name))) out.emplace_back(name);
  return out;
}

std::string in_words(const cgroup_policy& limits) {
  std::string text;
  for (const auto& [name, value] : files_of(limits))
    text += (text.empty() ? "" : ", ") + std::string{name} + " " + value;
  return text;
}

cgroup_result<> write_limits(int leaf, const cgroup_policy& limits) {
  for (const auto& [name, value] : files_of(limits))
    if (const auto written = write_at(leaf, name, value); !written)
      return failure(name, written.error());
  return {};
}

cgroup_result<cgroup_leaf> cgroup_leaf::make(const cgroup_policy& limits) {
  const auto own = own_cgroup();
  if (!own) return failure("cgroup", own.error());
  return make(limits, *own);
}

cgroup_result<cgroup_leaf> cgroup_leaf::make(const cgroup_policy& limits,
                                             const std::string& parent) {
  cgroup_leaf out;
  out.parent_.reset(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!out.parent_) return failure(parent, base::last_error());
  const int directory = out.parent_.get();
  sweep_cgroups(directory);
  const auto wanted = controllers_of(limits);
  auto enabled = enable_controllers(directory, wanted);
  if (!enabled && enabled.error().code == std::errc::device_or_resource_busy) {
    if (auto aside = step_aside(directory); !aside) return aside.error();
    enabled = enable_controllers(directory, wanted);
  }
  if (!enabled) return enabled.error();
  std::string name = next_name();
  if (::mkdirat(directory, name.c_str(), 0755) == -1)
    return failure(parent + "/" + name, base::last_error());
  out.name_ = std::move(name);  // from here on it is removed at the end
  out.leaf_.reset(::openat(directory, out.name_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!out.leaf_) return failure(out.name_, base::last_error());
  if (auto written = write_limits(out.leaf_.get(), limits); !written) return written.error();
  out.joining_.reset(::openat(out.leaf_.get(), "cgroup.procs", O_WRONLY | O_CLOEXEC));
  if (!out.joining_) return failure("cgroup.procs", base::last_error());
  return out;
}

cgroup_leaf& cgroup_leaf::operator=(cgroup_leaf&& other) noexcept {
  end();
  parent_ = std::move(other.parent_);
  leaf_ = std::move(other.leaf_);
  joining_ = std::move(other.joining_);
  name_ = std::exchange(other.name_, {});
  return *this;
}

void cgroup_leaf::end() noexcept {
  if (!parent_ || name_.empty()) return;
  if (leaf_) empty(leaf_.get());
  ::unlinkat(parent_.get(), name_.c_str(), AT_REMOVEDIR);
  name_.clear();
}

void sweep_cgroups(int parent) {
  base::unique_fd listing{::openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!listing) return;
  const std::unique_ptr<DIR, decltype([](DIR* d) { ::closedir(d); })> entries{
      ::fdopendir(listing.get())};
  if (!entries) return;
  static_cast<void>(listing.release());
  while (const dirent* entry = ::readdir(entries.get())) {
    if (!is_orphan(entry->d_name)) continue;
    const base::unique_fd leaf{
        ::openat(parent, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)};
    if (!leaf) continue;
    empty(leaf.get());
    ::unlinkat(parent, entry->d_name, AT_REMOVEDIR);
  }
}

}  // namespace emilua::sandbox
