// What is to be done to a process to put it into a box: a list that can be printed and tested, and
// that code without decisions carries out (execute.h).
//
//   auto planned = sandbox::make_plan(policy, sandbox::all_supported(), {.who = subject::program});
//   if (!planned) …                                       // {where, what}, or a refusal
//   std::puts(sandbox::explain(*planned).c_str());
//
// The order of the steps is the order of spec 90 §6: each one is taken while what it needs is still
// there, and the filter of system calls comes last.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/sandbox/filter_cache.h"
#include "lib/sandbox/id_ranges.h"
#include "lib/sandbox/policy.h"
#include "lib/sandbox/support.h"

namespace emilua::sandbox {

enum class step_kind : std::uint8_t {
  join_cgroup,       // that the host has made: data, its limits in words; number: CLONE_NEWCGROUP,
                     // to make it the root of a namespace, or 0
  arm_death_signal,  // SIGKILL when the parent ends
  new_session,       //
  take_terminal,     // standard input becomes the session's controlling terminal
  await_maps,        // of ids, that the host writes (id_map.h): data, them in words
  write_file,        // path, data
  begin_network,     // a namespace for it is made beside what follows
  enter_network,     //
  raise_loopback,    //
  set_priority,      // number
  private_mounts,    //
  make_root,         // a tmpfs: options data, attributes number; mounted over "/"
  clone_root,        // the present tree once more, attributes number; mounted over "/"
  open_root,         // the tree that targets are looked up in is the present one
  make_directories,  // path, all missing parts of it; mode number
  make_file,         // path, mode number, data
  copy_file,         // path, mode number; number2: which of plan::sources, number3: its number
  make_symlink,      // path, data: what it refers to
  mount_type,        // path: target, data: type and options, number: attributes
  bind,              // path: target, data: source, number: attributes, flags
  bind_descriptor,   // path, number, flags as for bind; source as for copy_file
  close_sources,     // nobody else is to have them
  change_mount,      // path, number: attributes, flags
  enter_root,        // pivot_root, and away with the old one
  change_directory,  // path
  set_hostname,      // data
  set_umask,         // number
  set_limit,         // number: resource, number2: value
  set_groups,        // data: gid_t …
  set_gid,           // number
  set_uid,           // number
  limit_capabilities,   // number: those that stay, in every set
  lock_securebits,      //
  forbid_dumps,         //
  forbid_privileges,    // no_new_privs
  create_ruleset,       // number: paths, number2: ports, number3: scopes
  allow_path,           // path, number: rights, flags
  allow_descriptor,     // number2: descriptor, number: rights
  allow_port,           // number: port, number2: rights
  enforce_ruleset,      //
  split_first_process,  // in a pid namespace: process 1 stays behind, and reaps
  lead_terminal,        // what is left is the terminal's foreground, in a group of its own
  install_filter,       // data: the program
};

enum step_flags : std::uint32_t {
  step_optional = 1,     // a source that does not exist is no failure
  step_recursive = 2,    // mounts beneath, too
  step_make_target = 4,  // what is missing of a bind's target is made
  step_device = 8,       // a bind's source is a character device, or it is a failure
};

struct step {
  step_kind kind;
  std::string clause;  // of the policy: "fs.mounts[2]", "net"
  std::string path = {};
  std::string data = {};
  std::uint64_t number = 0, number2 = 0, number3 = 0;
  std::uint32_t flags = 0;
};

// How far a clause of the policy is enforced.
enum class level { enforced, weaker, off };

[[nodiscard]] const char* level_name(level level) noexcept;

struct clause_report {
  std::string clause;     // "net"
  std::string mechanism;  // "network namespace"; empty when off
  level enforced = level::enforced;
  std::string why = {};     // where it is not enforced exactly
  std::string remedy = {};  // what would help, if known
};

struct plan {
  namespace_set namespaces = 0;  // all that it has
  namespace_set cloned = 0;      // those of them that the clone is to make; the steps make the rest
  std::vector<step> steps;       // in the child, in this order
  std::vector<clause_report> report;
  std::optional<double> wall_time;      // seconds, for the host to watch
  std::optional<cgroup_policy> cgroup;  // for the host to make (cgroup.h), the child to join
  std::vector<int> sources;             // descriptors of mounts; borrowed
  std::optional<id_maps> ids;           // for the host to write, whom the child waits for
  bool close_fds = true;
  bool dies_with_host = true;
  int exec_descriptor = -1;  // for a program that may run no other: see filter_context
  promise_set promises;      // that the filter keeps
  std::vector<std::string> skipped_calls;  // that this architecture does not have

  // The first clause that is not enforced exactly, or null.
  [[nodiscard]] const clause_report* compromise() const noexcept;
};

enum class subject {
  program,  // to be executed: what it was started as is closed, and the filter lets it start
  actor,    // Lua code that runs in the process itself
  self,     // a process that runs already, with all its threads: no part of the policy that only a
            // new one could have may be set
  successor,  // a program to be executed by a process that is what that is to be already, in
              // namespaces, root directory, ids and session: the same holds
};

[[nodiscard]] constexpr bool is_executed(subject who) noexcept {
  return who == subject::program || who == subject::successor;
}

[[nodiscard]] constexpr bool is_in_place(subject who) noexcept {
  return who == subject::self || who == subject::successor;
}

// What there is besides the policy.
struct plan_context {
  subject who = subject::program;
  std::uint32_t uid = 0, gid = 0;         // effective, of the caller
  std::uint64_t descriptor_limit = 1024;  // the caller's hard limit of open files
  // For a program: a descriptor of its file, borrowed, and the address of an empty string that
  // nobody can guess (hidden_empty_string.h).
  int program = -1;
  // A program's standard streams are a terminal that nobody else has: it is to be its own.
  bool terminal = false;
  std::uint64_t empty_path = 0;
  mappable_ids ids = {};  // of the caller; for a policy that maps others' (find_mappable_ids())
  // Root that has given CAP_SETPCAP away, and so can lock nothing: no_new_privs sees to it that
  // nothing comes back.
  bool powerless = false;
  // Of a successor: its parent is one to die with.
  bool has_guardian = false;
  // Borrowed; without it every filter is compiled anew.
  filter_cache* filters = nullptr;
};

// The first fault of a policy that has nothing to do with the machine: as check(policy), and fields
// that such a one cannot have.
[[nodiscard]] policy_result<> check(const policy& policy, subject who);

// A fault of the policy (check()), or, in strict mode, the clause that cannot be enforced: then
// `where` is the clause and `what` says why, and what would help.
[[nodiscard]] policy_result<plan> make_plan(const policy& policy, const support& support,
                                            const plan_context& context);

// One line for each step, and one for each clause, as people read them.
[[nodiscard]] std::string explain(const plan& plan);
// The same as JSON: {"namespaces": […], "steps": [{"clause", "step", …}], "report": […]}.
[[nodiscard]] std::string explain_json(const plan& plan);

// What a step does, in words: "mount tmpfs at /tmp".
[[nodiscard]] std::string describe(const step& step);

// What of the kernel it uses: "Landlock".
[[nodiscard]] const char* mechanism_of(step_kind kind) noexcept;

// [{"clause", "mechanism", "level", "why", "remedy"}]
[[nodiscard]] std::string report_json(const plan& plan);

}  // namespace emilua::sandbox
