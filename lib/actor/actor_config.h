// What a new process is told about the actor, or the program, that it is to be: plain data.
//
//   base::unique_fd memory = *send_config(config, channel);      // in the parent
//   actor_config config = *receive_config(inbox, memory.get());  // in the child
//
// What is small goes ahead of all messages through the actor's channel, which nobody else has yet;
// anything larger is one sealed memory long. The helper process between the two hands descriptors
// on and does not look inside.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/unique_fd.h"
#include "lib/sandbox/policy.h"

namespace emilua::actor {

struct actor_config {
  std::string module;       // the entry file: absolute, or as the child's directory completes it
  std::string import_root;  // empty: the directory of `module`
  std::vector<std::pair<std::string, std::string>> environment;
  std::vector<std::pair<std::string, std::string>> sources;  // path and text of shipped modules
  // No bytecode, FFI or native plugins: the actor, or its creator, is in a box.
  bool text_only = false;
  bool single_threaded = false;  // spawn_context_threads is refused
  bool has_init_script = false;
  std::string init_script;
  std::string box = {};  // the steps that put the process into its box (compiled_plan.h); or empty
  bool jit = true;       // machine code may be made
  bool children = true;  // processes may be started
};

inline constexpr std::size_t max_config_size = std::size_t{256} << 20;

// Through `channel`, the writing end; or else what is to be given to the actor besides. EMSGSIZE
// when it is larger than max_config_size.
[[nodiscard]] base::result<base::unique_fd> send_config(const actor_config& config, int channel);

// From the reading end, unless there is memory (not -1). EBADMSG for anything but a configuration.
[[nodiscard]] base::result<actor_config> receive_config(int channel, int memory);

// A program that runs in a box.
struct program_config {
  std::string path;  // empty: by descriptor
  std::vector<std::string> arguments;
  std::vector<std::string> environment;  // NAME=VALUE
  std::string box;                       // the steps (compiled_plan.h)
  int exec_descriptor = -1;              // plan::exec_descriptor
  std::uint64_t empty_path = 0;          // plan_context::empty_path
};

[[nodiscard]] base::result<base::unique_fd> seal_program(const program_config& config);
[[nodiscard]] base::result<program_config> open_program(int memory);

// The limits of a box's cgroup: the one thing that the helper itself reads.
[[nodiscard]] base::result<base::unique_fd> seal_limits(const sandbox::cgroup_policy& limits);
[[nodiscard]] base::result<sandbox::cgroup_policy> open_limits(int memory);

}  // namespace emilua::actor
