// Programs in processes of their own: all is decided and checked first, then carried out by one
// clone whose child makes no decisions.
//
//   ipc::program_request request;
//   request.paths = {"/bin/cat"};
//   request.arguments = {"cat"};
//   request.descriptors[0] = fd.get();            // 1 and 2: output that nobody reads
//   auto child = ipc::spawn_program(request);     // returns when the program runs, or cannot
//   if (!child) report(child.error().code, child.error().step);
//   … once child->pidfd is readable: ipc::reap(child->pidfd.get()) …
//
// The child shares no memory with its parent, not even until exec (no vfork): it may have another
// user's rights or lie in another user namespace by then, where others can trace it; and changing
// its ids would make the parent's memory undumpable too.
//
// Source: credentials(7), execve(2), clone(2), setns(2), prctl(2), sched(7), tty_ioctl(4).
#pragma once

#include <sys/types.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/unique_fd.h"

namespace emilua::ipc {

// What the child does before exec, in this order. Programs see the names (step_name).
enum class program_step : int {
  clone,
  scheduler,
  start_new_session,
  process_group,
  extra_groups,
  gids,
  uids,
  pdeathsig,
  working_directory,
  set_ctty,
  foreground,
  setns_user,
  setns_mount,
  setns_uts,
  setns_ipc,
  setns_net,
  descriptors,
  program,
};

[[nodiscard]] const char* step_name(program_step step) noexcept;

// A plain value. Descriptors are borrowed and stay as they are.
struct program_request {
  // The program: the first of these that can be executed, as execvp(3) goes through PATH (relative
  // ones start at the working directory of the child), or else a descriptor. A script (#!) cannot
  // be executed by descriptor: its interpreter would find that closed (ENOENT).
  std::vector<std::string> paths;
  int program = -1;
  std::vector<std::string> arguments;      // with argv[0]
  std::vector<std::string> environment;    // NAME=VALUE
  std::vector<std::string> pid_variables;  // names of variables that hold the child's pid

  // What the child has under the numbers 0 to 9: one of our descriptors, or none. Where 0, 1 or 2
  // have none they are a pipe without another end. All others are closed.
  static constexpr int none = -1;
  std::array<int, 10> descriptors{none, none, none, none, none, none, none, none, none, none};

  std::optional<int> scheduler_policy;  // SCHED_OTHER …, perhaps with SCHED_RESET_ON_FORK
  std::optional<int> scheduler_priority;
  bool start_new_session = false;
  std::optional<pid_t> process_group;  // 0: its own
  std::optional<std::vector<gid_t>> extra_groups;
  std::optional<gid_t> rgid, egid;  // the saved id is set with the effective one
  std::optional<uid_t> ruid, euid;
  std::optional<mode_t> umask;
  std::optional<int> pdeathsig;  // sent when the thread that calls spawn_program() ends
  std::optional<std::string> working_directory_path;
  int working_directory = none;
  int set_ctty = none;    // becomes the controlling terminal
  int foreground = none;  // terminal whose foreground group the child's becomes

  // Namespaces to join, in the order of program_step: user, mount, uts, ipc, net.
  std::array<int, 5> namespaces{none, none, none, none, none};
};

struct spawned_program {
  pid_t pid;
  base::unique_fd pidfd;
};

struct spawn_failure {
  std::error_code code;
  program_step step;
};

// Blocks until exec has succeeded, or the child is gone and reaped. Thread-safe. Every signal is at
// its default in the program, and none is blocked.
[[nodiscard]] boost::system::result<spawned_program, spawn_failure> spawn_program(
    const program_request& request);

}  // namespace emilua::ipc
