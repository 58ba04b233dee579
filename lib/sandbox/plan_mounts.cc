#include "lib/sandbox/plan_mounts.h"

#include <linux/mount.h>

#include <algorithm>
#include <map>
#include <utility>

#include "lib/sandbox/plan_calls.h"

namespace emilua::sandbox {
namespace {

std::uint64_t attributes_of(const mount_entry& entry) {
  std::uint64_t attributes = 0;
  if (entry.readonly) attributes |= MOUNT_ATTR_RDONLY;
  if (entry.noexec) attributes |= MOUNT_ATTR_NOEXEC;
  if (entry.nosuid) attributes |= MOUNT_ATTR_NOSUID;
  if (entry.nodev) attributes |= MOUNT_ATTR_NODEV;
  return attributes;
}

// "type", then "key=value" or "flag", each with a NUL behind it.
class mount_options {
 public:
  explicit mount_options(std::string_view type) { add(type); }
  mount_options& add(std::string_view option) {
    text_.append(option);
    text_.push_back('\0');
    return *this;
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

constexpr std::uint64_t fewest_files = 64;  // in a tmpfs that has a size

// Where something may be written: the clause that says so, and whether it is optional. Parents
// come first.
using written_paths = std::map<std::string, std::pair<std::string, bool>>;

written_paths written_in(const path_grants& grants, const std::string& list) {
  written_paths out;
  for (std::size_t i = 0; i < grants.write.size(); ++i)
    out.try_emplace(grants.write[i].path, list + ".write[" + std::to_string(i) + "]",
                    grants.write[i].optional);
  for (std::size_t i = 0; i < grants.rules.size(); ++i)
    if (grants_writing(grants.rules[i]))
      out.try_emplace(grants.rules[i].path, list + ".rules[" + std::to_string(i) + "]",
                      grants.rules[i].optional);
  return out;
}

bool is_beneath(const std::string& path, const std::string& directory) {
  return path == directory || path.starts_with(directory == "/" ? directory : directory + "/");
}

// What lies in both. A link on the way fails the mount: targets are looked up without.
written_paths common(const written_paths& a, const written_paths& b) {
  written_paths out;
  for (const auto& [path, grant] : a)
    for (const auto& [other, other_grant] : b) {
      if (is_beneath(path, other))
        out.insert_or_assign(path, grant);
      else if (is_beneath(other, path))
        out.insert_or_assign(other, other_grant);
    }
  return out;
}

written_paths all_written(const fs_policy& fs) {
  written_paths written = written_in(fs, "fs");
  for (std::size_t i = 0; i < fs.within.size(); ++i)
    written = common(written, written_in(fs.within[i], "fs.within[" + std::to_string(i) + "]"));
  return written;
}

constexpr std::uint64_t plain_attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

}  // namespace

bool writes_everywhere(const fs_policy& fs) { return all_written(fs).contains("/"); }

std::string octal(std::uint64_t mode) {
  std::string digits;
  for (; mode != 0; mode >>= 3) digits.insert(digits.begin(), static_cast<char>('0' + (mode & 7)));
  return "0" + digits;
}

step& mount_planner::push(step_kind kind, const std::string& clause, std::string path,
                          std::string data) {
  steps_.push_back({kind, clause, std::move(path), std::move(data)});
  return steps_.back();
}

// In the host's tree nothing is made: what is missing there is an error.
void mount_planner::directory(const std::string& clause, const std::string& path,
                              std::uint64_t mode) {
  if (context_.own_root) push(step_kind::make_directories, clause, path).number = mode;
}

void mount_planner::parent(const std::string& clause, const std::string& path) {
  if (const std::size_t slash = path.rfind('/'); slash > 0)
    directory(clause, path.substr(0, slash));
}

void mount_planner::mount(const std::string& clause, const std::string& target,
                          std::string type_and_options, std::uint64_t attributes) {
  directory(clause, target);
  push(step_kind::mount_type, clause, target, std::move(type_and_options)).number = attributes;
}

void mount_planner::begin() {
  push(step_kind::private_mounts, "fs");
  if (context_.own_root)
    push(step_kind::make_root, "fs.root", "", mount_options{"tmpfs"}.add("mode=0755").text())
        .number = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  else if (context_.written_apart)
    clone_root();
  else
    push(step_kind::open_root, "fs.root");
}

void mount_planner::clone_root() {
  step& s = push(step_kind::clone_root, "fs.root");
  s.number = MOUNT_ATTR_RDONLY;
  s.flags = step_recursive;
}

void mount_planner::bind_grants(const fs_policy& fs) {
  struct grant {
    bool read = false, write = false, exec = false, optional = true;
    std::string clause;
  };
  std::map<std::string, grant> grants;  // parents come before what lies in them
  const auto collect = [&](const char* name, const std::vector<granted_path>& paths,
                           bool grant::*right) {
    for (std::size_t i = 0; i < paths.size(); ++i) {
      grant& g = grants[paths[i].path];
      g.*right = true;
      g.optional = g.optional && paths[i].optional;
      if (g.clause.empty()) g.clause = name + ("[" + std::to_string(i) + "]");
    }
  };
  collect("fs.read", fs.read, &grant::read);
  collect("fs.write", fs.write, &grant::write);
  collect("fs.exec", fs.exec, &grant::exec);
  for (const auto& [path, g] : grants) {
    mount_entry entry;
    entry.target = path;
    entry.source.path = path;
    entry.readonly = !g.write;
    entry.noexec = !g.exec;
    entry.optional = g.optional;
    add(entry, g.clause);
  }
}

void mount_planner::bind_written(const fs_policy& fs) {
  std::string above;
  for (const auto& [path, grant] : all_written(fs)) {
    // What lies in a tree that is written to stays in the same mount: files can be moved there.
    if (!above.empty() && path.starts_with(above)) continue;
    above = path == "/" ? path : path + "/";
    mount_entry entry;
    entry.target = path;
    entry.source.path = path;
    entry.nosuid = entry.nodev = false;
    entry.optional = grant.second;
    add(entry, grant.first);
  }
}

void mount_planner::add(const mount_entry& entry, const std::string& clause) {
  const std::uint64_t attributes = attributes_of(entry);
  switch (entry.kind) {
    case mount_kind::bind:
      return bind(entry, clause);
    case mount_kind::tmpfs: {
      mount_options options{"tmpfs"};
      options.add("mode=" + octal(entry.mode.value_or(0755)));
      if (entry.size) {
        options.add("size=" + std::to_string(*entry.size));
        // Files without a byte take memory of the kernel's, too.
        options.add("nr_inodes=" + std::to_string(std::max(*entry.size / 4096, fewest_files)));
      }
      return mount(clause, entry.target, options.text(), attributes);
    }
    case mount_kind::proc:
      // Settings of the kernel belong to root, and in a user namespace root is still their owner.
      return mount(
          clause, entry.target, mount_options{"proc"}.text(),
          plain_attributes | (context_.root_user ? attributes | MOUNT_ATTR_RDONLY : attributes));
    case mount_kind::mqueue:
      return mount(clause, entry.target, mount_options{"mqueue"}.text(),
                   plain_attributes | attributes);
    case mount_kind::dev:
      return devices(clause, entry.target);
    case mount_kind::overlay:
      return overlay(entry, clause, attributes);
    case mount_kind::file:
      return file(entry, clause);
    case mount_kind::dir:
      return directory(clause, entry.target, entry.mode.value_or(0755));
    case mount_kind::symlink:
      parent(clause, entry.target);
      push(step_kind::make_symlink, clause, entry.target, entry.content);
      return;
    case mount_kind::remount: {
      step& s = push(step_kind::change_mount, clause, entry.target);
      s.number = attributes;
      if (entry.recursive) s.flags = step_recursive;
      return;
    }
  }
}

void mount_planner::bind(const mount_entry& entry, const std::string& clause) {
  parent(clause, entry.target);
  const bool by_descriptor = entry.source.descriptor != -1;
  step& s = push(by_descriptor ? step_kind::bind_descriptor : step_kind::bind, clause, entry.target,
                 entry.source.path);
  s.number = attributes_of(entry);
  if (by_descriptor) set_source(s, entry.source.descriptor);
  s.flags = (entry.recursive ? step_recursive : 0u) | (entry.optional ? step_optional : 0u) |
            (context_.own_root ? step_make_target : 0u);
}

void mount_planner::devices(const std::string& clause, const std::string& target) {
  mount(clause, target, mount_options{"tmpfs"}.add("mode=0755").add("size=64k").text(),
        plain_attributes);
  for (const char* name : {"null", "zero", "full", "random", "urandom", "tty"}) {
    step& s = push(step_kind::bind, clause, target + "/" + name, std::string{"/dev/"} + name);
    s.number = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
    s.flags = step_make_target | step_device;  // in the tmpfs
  }
  for (const char* name : {"/pts", "/shm"})
    push(step_kind::make_directories, clause, target + name).number = 0755;
  mount(clause, target + "/pts",
        mount_options{"devpts"}.add("newinstance").add("ptmxmode=0666").add("mode=0620").text(),
        MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
  mount(clause, target + "/shm", mount_options{"tmpfs"}.add("mode=1777").text(),
        MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
  push(step_kind::make_symlink, clause, target + "/ptmx", "pts/ptmx");
  push(step_kind::make_symlink, clause, target + "/fd", "/proc/self/fd");
  const char* const streams[] = {"stdin", "stdout", "stderr"};
  for (int i = 0; i < 3; ++i)
    push(step_kind::make_symlink, clause, target + "/" + streams[i],
         "/proc/self/fd/" + std::to_string(i));
  push(step_kind::change_mount, clause, target).number =
      MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
}

void mount_planner::overlay(const mount_entry& entry, const std::string& clause,
                            std::uint64_t attributes) {
  mount_options options{"overlay"};
  std::string lower;
  for (const std::string& path : entry.lower) lower += (lower.empty() ? "" : ":") + path;
  options.add("lowerdir=" + lower);
  if (!entry.upper.empty()) options.add("upperdir=" + entry.upper).add("workdir=" + entry.work);
  if (context_.user_namespace) options.add("userxattr");
  mount(clause, entry.target, options.text(), attributes);
}

void mount_planner::file(const mount_entry& entry, const std::string& clause) {
  parent(clause, entry.target);
  if (entry.source.descriptor == -1) {
    push(step_kind::make_file, clause, entry.target, entry.content).number =
        entry.mode.value_or(0644);
    return;
  }
  step& s = push(step_kind::copy_file, clause, entry.target);
  s.number = entry.mode.value_or(0644);
  set_source(s, entry.source.descriptor);
}

void mount_planner::set_source(step& s, int descriptor) {
  const auto known = std::ranges::find(sources_, descriptor);
  s.number2 = static_cast<std::uint64_t>(known - sources_.begin());
  s.number3 = static_cast<std::uint64_t>(descriptor);
  if (known == sources_.end()) sources_.push_back(descriptor);
}

void mount_planner::finish(const std::string& cwd) {
  if (!sources_.empty()) push(step_kind::close_sources, "fs.mounts");
  if (context_.own_root || context_.written_apart) push(step_kind::enter_root, "fs.root");
  if (context_.own_root) {
    // Only what was granted can be written to.
    push(step_kind::change_mount, "fs.root", "/").number =
        MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  }
  push(step_kind::change_directory, "cwd", cwd);
}

}  // namespace emilua::sandbox
