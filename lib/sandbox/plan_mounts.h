// The part of a plan that builds the box's tree of files.
//
// Everything goes by descriptors: sources are cloned with open_tree, targets are looked up beneath
// the new root without following links, and a mount is attached complete with its flags. So nobody
// who swaps a link in meanwhile leads us elsewhere, and nothing is there for a moment that is not
// to stay. Source: mount_setattr(2), open_tree and move_mount in the kernel's documentation,
// openat2(2).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/sandbox/plan.h"

namespace emilua::sandbox {

// "0755", as mount options and people have it.
[[nodiscard]] std::string octal(std::uint64_t mode);

// Nothing is out of reach of what changes files: "/" is granted.
[[nodiscard]] bool writes_everywhere(const fs_policy& fs);

struct mount_context {
  bool own_root;       // a new file system, that the process moves into
  bool written_apart;  // or: the host's, read-only but for what may be written
  bool root_user;      // of the host, whatever a user namespace makes of it
  bool user_namespace;
  bool pid_namespace;
};

class mount_planner {
 public:
  mount_planner(const mount_context& context, plan& plan)
      : context_(context), steps_(plan.steps), sources_(plan.sources) {}

  void begin();
  // Paths that are granted, as mounts: for kernels without Landlock.
  void bind_grants(const fs_policy& fs);
  // What may be written, for a tree that is read-only elsewhere.
  void bind_written(const fs_policy& fs);
  void add(const mount_entry& entry, const std::string& clause);
  void finish(const std::string& cwd);

 private:
  step& push(step_kind kind, const std::string& clause, std::string path = {},
             std::string data = {});
  void clone_root();
  void directory(const std::string& clause, const std::string& path, std::uint64_t mode = 0755);
  void parent(const std::string& clause, const std::string& path);
  void mount(const std::string& clause, const std::string& target, std::string type_and_options,
             std::uint64_t attributes);
  void bind(const mount_entry& entry, const std::string& clause);
  void devices(const std::string& clause, const std::string& target);
  void overlay(const mount_entry& entry, const std::string& clause, std::uint64_t attributes);
  void file(const mount_entry& entry, const std::string& clause);
  void set_source(step& s, int descriptor);

  const mount_context& context_;
  std::vector<step>& steps_;
  std::vector<int>& sources_;
};

}  // namespace emilua::sandbox
