#include "tools/jailattach/target.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string>
#include <string_view>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/ipc/process.h"
#include "tools/command_line/start.h"
#include "tools/command_line/values.h"

namespace emilua::jailattach {
namespace {

constexpr int set_up_failed = 125;
constexpr std::size_t max_file = std::size_t{1} << 20;

[[noreturn]] void fail(const std::string& what, const std::string& reason) {
  throw tools::refusal{set_up_failed, what + ": " + reason};
}

// As /proc calls the kinds. The one of users comes first, for it gives the right to join the
// others.
struct kind_file {
  sandbox::namespace_set flag;
  const char* name;
};
constexpr kind_file kinds[] = {
    {CLONE_NEWUSER, "user"}, {CLONE_NEWNS, "mnt"},  {CLONE_NEWPID, "pid"},  {CLONE_NEWNET, "net"},
    {CLONE_NEWIPC, "ipc"},   {CLONE_NEWUTS, "uts"}, {0x02000000, "cgroup"}, {0x00000080, "time"},
};

// Which process it is can be asked as long as it has not been reaped: its number is its own till
// then.
void check_alive(int pidfd, const std::string& what) {
  if (const auto alive = ipc::send_signal(pidfd, 0);
      !alive && alive.error() != std::errc::operation_not_permitted)
    fail(what, alive.error().message());
}

std::string read_file(const std::string& path) {
  auto text = base::read_file(path.c_str(), max_file);
  if (!text) fail(path, text.error().message());
  return std::move(*text);
}

pid_t pid_of(int pidfd, const std::string& what) {
  const std::string path = "/proc/self/fdinfo/" + std::to_string(pidfd);
  for (const std::string& line : tools::split(read_file(path), '\n')) {
    if (!line.starts_with("Pid:\t")) continue;
    pid_t pid = -1;
    std::from_chars(line.data() + 5, line.data() + line.size(), pid);
    if (pid > 0) return pid;
  }
  fail(what, "no descriptor of a process that can be seen from here");
}

struct stat status_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == -1) fail(path, base::last_error().message());
  return status;
}

sandbox::namespace_set other_namespaces(const std::string& process) {
  sandbox::namespace_set others = 0;
  for (const kind_file& kind : kinds) {
    struct stat ours {};
    const std::string name = std::string{"/ns/"} + kind.name;
    // A kind that this kernel does not have.
    if (::stat(("/proc/self" + name).c_str(), &ours) == -1 && errno == ENOENT) continue;
    const struct stat theirs = status_of(process + name);
    if (ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev) others |= kind.flag;
  }
  return others;
}

base::unique_fd open_file(const std::string& path, int flags) {
  base::unique_fd fd{::open(path.c_str(), flags | O_CLOEXEC)};
  if (!fd) fail(path, base::last_error().message());
  return fd;
}

// The lines are "0::/path", or "4:memory:/path" of the old hierarchies.
std::vector<base::unique_fd> open_groups(const std::string& process) {
  std::vector<base::unique_fd> groups;
  for (const std::string& line : tools::split(read_file(process + "/cgroup"), '\n')) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    std::string hierarchy = line.substr(first + 1, second - first - 1);
    if (hierarchy.starts_with("name=")) hierarchy = hierarchy.substr(5);
    const std::string path = line.substr(second + 1);
    if (path.find("/..") != path.npos) fail("--cgroup: " + path, "outside of our own");
    std::string directory = "/sys/fs/cgroup/" + hierarchy;
    // Where both kinds are in use.
    if (hierarchy.empty() && ::access("/sys/fs/cgroup/cgroup.procs", F_OK) == -1) {
      directory += "unified";
      if (::access((directory + "/cgroup.procs").c_str(), F_OK) == -1) continue;
    }
    groups.push_back(open_file(directory + path + "/cgroup.procs", O_WRONLY));
  }
  if (groups.empty()) fail("--cgroup", "no control groups are mounted here");
  return groups;
}

target open_process(const options& options) {
  target out;
  const std::string what = options.pid ? "--pid: " + std::to_string(*options.pid)
                                       : "--pidfd: fd:" + std::to_string(options.pidfd);
  if (options.pid) {
    out.process = ipc::open_process(*options.pid);
    if (!out.process) fail(what, base::last_error().message());
  } else {
    auto copy = base::duplicate(options.pidfd);
    if (!copy) fail(what, copy.error().message());
    out.process = std::move(*copy);
  }
  const pid_t pid = options.pid ? *options.pid : pid_of(out.process.get(), what);
  const std::string process = "/proc/" + std::to_string(pid);
  out.namespaces = other_namespaces(process);
  if (options.root) out.root = open_file(process + "/root", O_PATH | O_DIRECTORY);
  if (options.cgroup) out.groups = open_groups(process);
  // All of that was this process's, and no later one's of the same number.
  check_alive(out.process.get(), what);
  if (out.namespaces == 0) fail(what, "is in no other namespaces than we are: no container");
  return out;
}

}  // namespace

bool target::has_other_users() const noexcept {
  return (namespaces & CLONE_NEWUSER) != 0 ||
         std::ranges::any_of(files, [](const auto& f) { return f.first == CLONE_NEWUSER; });
}

target open_target(const options& options) {
  if (options.namespaces.empty()) return open_process(options);
  target out;
  for (const kind_file& kind : kinds)
    for (const named_path& wanted : options.namespaces)
      if (wanted.kind == kind.flag)
        out.files.emplace_back(kind.flag, open_file(wanted.path, O_RDONLY));
  return out;
}

void join_groups(const target& target) {
  for (const base::unique_fd& group : target.groups)
    if (::write(group.get(), "0", 1) == -1) fail("--cgroup", base::last_error().message());
}

void join(const target& target) {
  if (target.process) {
    if (::setns(target.process.get(), static_cast<int>(target.namespaces)) == -1)
      fail("setns: the process's namespaces", base::last_error().message());
    return;
  }
  for (const auto& [kind, file] : target.files) {
    if (::setns(file.get(), static_cast<int>(kind)) == 0) continue;
    const auto* const known = std::ranges::find(kinds, kind, &kind_file::flag);
    fail(std::string{"--ns: "} + known->name, base::last_error().message());
  }
}

}  // namespace emilua::jailattach
