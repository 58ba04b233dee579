#include "lib/sandbox/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <memory>
#include <utility>

#include "lib/base/bytes.h"
#include "lib/base/file.h"

namespace emilua::sandbox {
namespace {

constexpr std::string_view prefix = "emilua-box-";
constexpr std::string_view of_family = "-supervisor", of_survivor = "-survivor";
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

// A field of /proc/PID/stat, by its number in proc(5); of those after the second. Empty: there is
// no such process.
std::string stat_field(std::string_view pid, std::size_t number) {
  const auto stat = base::read_file(("/proc/" + std::string{pid} + "/stat").c_str(), most);
  if (!stat) return "";
  // The second field is a name in parentheses, which may contain anything.
  const std::size_t after = stat->rfind(')');
  if (after == stat->npos) return "";
  const auto fields = split(std::string_view{*stat}.substr(after + 1), ' ');
  const std::size_t index = number - 2;  // an empty one comes first
  return fields.size() > index ? std::string{fields[index]} : "";
}

// When a process began, in the kernel's ticks: with its number, it is that process alone.
std::string start_time(std::string_view pid) { return stat_field(pid, 22); }

bool descends_from(std::string pid, pid_t family) {
  const std::string ancestor = std::to_string(family);
  // Whoever's parent is not to be seen is nobody's descendant.
  for (; !pid.empty() && pid != "0"; pid = stat_field(pid, 4))
    if (pid == ancestor) return true;
  return false;
}

// Numbers of processes mean something in one pid namespace only.
std::string own_pids() {
  struct stat status {};
  return ::stat("/proc/self/ns/pid", &status) == 0 ? std::to_string(status.st_ino) : "0";
}

// "emilua-box-NAMESPACE-PID-START-N"
bool is_orphan(std::string_view name) {
  if (!name.starts_with(prefix)) return false;
  const auto parts = split(name.substr(prefix.size()), '-');
  return parts.size() >= 4 && parts[0] == own_pids() && start_time(parts[1]) != parts[2];
}

// Who is in there may live on without the maker.
bool is_kept(std::string_view name) {
  return name.ends_with(of_family) || name.ends_with(of_survivor);
}

std::string next_name() {
  static std::atomic<int> count = 0;
  const std::string pid = std::to_string(::getpid());
  return std::string{prefix} + own_pids() + "-" + pid + "-" + start_time(pid) + "-" +
         std::to_string(++count);
}

// Reading from it is also what makes it unready until the next change.
bool is_populated(int events) {
  char text[256];
  const ssize_t n = base::retry([&] { return ::pread(events, text, sizeof text, 0); });
  return n > 0 && std::string_view{text, static_cast<std::size_t>(n)}.find("populated 1") !=
                      std::string_view::npos;
}

using clock = std::chrono::steady_clock;

// False: it took too long.
bool wait_until_empty(int events, clock::time_point limit) {
  while (is_populated(events)) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(limit - clock::now());
    if (left.count() <= 0) return false;
    pollfd change{events, POLLPRI, 0};
    const auto patience = static_cast<int>(std::min<long long>(left.count(), 1 << 30));
    static_cast<void>(base::retry([&] { return ::poll(&change, 1, patience); }));
  }
  return true;
}

using directory_stream = std::unique_ptr<DIR, decltype([](DIR* d) { ::closedir(d); })>;

std::vector<std::string> directories_in(int directory) {
  base::unique_fd listing{::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!listing) return {};
  const directory_stream entries{::fdopendir(listing.get())};
  if (!entries) return {};
  static_cast<void>(listing.release());
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    if (entry->d_type == DT_DIR && name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

constexpr int deepest = 32;  // of what a box that may has made beneath its cgroup

// With what lies beneath. False: somebody is in it.
bool remove_tree(int parent, const std::string& name, int depth = 0) {
  const auto removed = [&] {
    return ::unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT;
  };
  if (removed()) return true;
  if (depth == deepest) return false;
  const base::unique_fd self{
      ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)};
  if (!self) return false;
  for (const std::string& child : directories_in(self.get()))
    if (!remove_tree(self.get(), child, depth + 1)) return false;
  return removed();
}

cgroup_failure failure(std::string what, std::error_code code) { return {std::move(what), code}; }

base::result<std::vector<std::string>> processes_in(int directory) {
  const auto text = read_at(directory, "cgroup.procs");
  if (!text) return text.error();
  const auto lines = split(*text, '\n');
  return std::vector<std::string>{lines.begin(), lines.end()};
}

bool all_descend_from(pid_t family, const std::vector<std::string>& processes) {
  return std::ranges::all_of(processes,
                             [&](const std::string& pid) { return descends_from(pid, family); });
}

// Processes that are in `from` into `to`; those that they make meanwhile need another round.
cgroup_result<> move_family(int from, int to, pid_t family) {
  constexpr int rounds = 64;
  for (int i = 0; i < rounds; ++i) {
    const auto processes = processes_in(from);
    if (!processes) return failure("cgroup.procs", processes.error());
    if (processes->empty()) return {};
    if (!all_descend_from(family, *processes)) break;
    for (const std::string& pid : *processes) {
      const auto moved = write_at(to, "cgroup.procs", pid);
      if (!moved && moved.error() != std::errc::no_such_process)
        return failure("cgroup.procs", moved.error());
    }
  }
  return failure("other programs in the cgroup", base::system_error(EBUSY));
}

// The family into a leaf of its own, if the processes that are there are nobody else's. The
// controllers stay enabled when all have ended: whoever gave us the cgroup clears it, or can put
// nobody there any more.
cgroup_result<> step_aside(int parent, const std::vector<std::string>& processes, pid_t family) {
  if (!all_descend_from(family, processes))
    return failure("other programs in the cgroup", base::system_error(EBUSY));
  const std::string name = next_name() + std::string{of_family};
  if (::mkdirat(parent, name.c_str(), 0755) == -1) return failure("mkdir", base::last_error());
  const base::unique_fd leaf{::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  auto moved = leaf ? move_family(parent, leaf.get(), family)
                    : cgroup_result<>{failure(name, base::last_error())};
  if (!moved) ::unlinkat(parent, name.c_str(), AT_REMOVEDIR);  // unless some have moved
  return moved;
}

// Of all: only that has no type.
bool is_root(int directory) {
  return ::faccessat(directory, "cgroup.type", F_OK, AT_EACCESS) == -1;
}

// What is to be written to enable those that are not yet: "+memory +pids". ENOTSUP as it is said of
// enable_controllers().
cgroup_result<std::string> missing_controllers(int directory,
                                               const std::vector<std::string_view>& wanted) {
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
  return cgroup_result<std::string>{boost::system::in_place_value, std::move(missing)};
}

bool can_make_way(int directory, pid_t family) {
  if (is_root(directory)) return true;
  const auto processes = processes_in(directory);
  return processes && all_descend_from(family, *processes);
}

// Of whoever has moved out of the way.
std::string leaf_parent(std::string own) {
  const std::size_t slash = own.rfind('/');
  if (slash == own.npos) return own;
  const std::string_view name = std::string_view{own}.substr(slash + 1);
  if (name.starts_with(prefix) && name.ends_with(of_family)) own.resize(slash);
  return own;
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
    return leaf_parent(std::string{at} + (root == "/" ? path : path.substr(root.size())));
  }
  return base::system_error(ENOENT);
}

cgroup_result<> make_way(int directory, const std::vector<std::string_view>& wanted, pid_t family) {
  if (wanted.empty()) return {};
  if (const auto missing = missing_controllers(directory, wanted); !missing) return missing.error();
  if (!is_root(directory)) {
    // Of some controllers (pids, cpu) the kernel would not say EBUSY, but make a cgroup of threads.
    const auto processes = processes_in(directory);
    if (!processes) return failure("cgroup.procs", processes.error());
    if (!processes->empty())
      if (auto aside = step_aside(directory, *processes, family); !aside) return aside;
  }
  return enable_controllers(directory, wanted);
}

cgroup_result<> enable_controllers(int directory, const std::vector<std::string_view>& wanted) {
  const auto missing = missing_controllers(directory, wanted);
  if (!missing) return missing.error();
  if (missing->empty()) return {};
  if (const auto written = write_at(directory, "cgroup.subtree_control", *missing); !written)
    return failure("cgroup.subtree_control", written.error());
  return {};
}

std::vector<std::string> usable_controllers(const std::string& directory, pid_t family) {
  const base::unique_fd fd{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!fd) return {};
  const auto there = read_at(fd.get(), "cgroup.controllers");
  const auto enabled = read_at(fd.get(), "cgroup.subtree_control");
  if (!there || !enabled || !can_make_way(fd.get(), family)) return {};
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

cgroup_result<cgroup_leaf> cgroup_leaf::make(const cgroup_wish& wish) {
  const auto own = own_cgroup();
  if (!own) return failure("cgroup", own.error());
  return make(wish, *own);
}

cgroup_result<cgroup_leaf> cgroup_leaf::make(const cgroup_wish& wish, const std::string& parent) {
  cgroup_leaf out;
  out.parent_.reset(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!out.parent_) return failure(parent, base::last_error());
  const int directory = out.parent_.get();
  sweep_cgroups(directory);
  if (auto made = make_way(directory, controllers_of(wish.limits), wish.family); !made)
    return made.error();
  std::string name = next_name() + std::string{wish.survives ? of_survivor : ""};
  if (::mkdirat(directory, name.c_str(), 0755) == -1)
    return failure(parent + "/" + name, base::last_error());
  out.name_ = std::move(name);  // from here on it is removed at the end
  out.leaf_.reset(::openat(directory, out.name_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!out.leaf_) return failure(out.name_, base::last_error());
  const int leaf = out.leaf_.get();
  if (auto written = write_limits(leaf, wish.limits); !written) return written.error();
  out.events_.reset(::openat(leaf, "cgroup.events", O_RDONLY | O_CLOEXEC));
  if (!out.events_) return failure("cgroup.events", base::last_error());
  out.joining_.reset(::openat(leaf, "cgroup.procs", O_WRONLY | O_CLOEXEC));
  if (!out.joining_) return failure("cgroup.procs", base::last_error());
  return out;
}

cgroup_leaf& cgroup_leaf::operator=(cgroup_leaf&& other) noexcept {
  end();
  parent_ = std::move(other.parent_);
  leaf_ = std::move(other.leaf_);
  joining_ = std::move(other.joining_);
  events_ = std::move(other.events_);
  name_ = std::exchange(other.name_, {});
  return *this;
}

void cgroup_leaf::end() noexcept {
  if (!parent_ || name_.empty()) return;
  kill();
  wait_until_empty(events_.get(), clock::time_point::max());
  remove_tree(parent_.get(), name_);
  name_.clear();
}

void cgroup_leaf::kill() noexcept {
  if (leaf_) static_cast<void>(write_at(leaf_.get(), "cgroup.kill", "1"));
}

bool cgroup_leaf::is_empty() const noexcept { return !is_populated(events_.get()); }

void sweep_cgroups(int parent) {
  const auto limit = clock::now() + std::chrono::seconds{1};
  for (const std::string& name : directories_in(parent)) {
    if (!is_orphan(name)) continue;
    const base::unique_fd leaf{
        ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)};
    if (!leaf) continue;
    const base::unique_fd events{::openat(leaf.get(), "cgroup.events", O_RDONLY | O_CLOEXEC)};
    if (!is_kept(name)) {
      static_cast<void>(write_at(leaf.get(), "cgroup.kill", "1"));
      wait_until_empty(events.get(), limit);
    }
    if (!is_populated(events.get())) remove_tree(parent, name);
  }
}

}  // namespace emilua::sandbox
