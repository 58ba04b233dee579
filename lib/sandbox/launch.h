// An unmodified program in a box.
//
//   auto boxed = sandbox::launch(plan, {.program = fd.get(), .arguments = …, .environment = …});
//   if (!boxed) report(boxed.error());                    // nothing of the program has run
//   … once boxed->pidfd is readable: ipc::reap(boxed->pidfd.get()) …
//
// The caller must be single-threaded: the child is a copy of it until exec. Its standard streams
// are the program's; everything else that it holds stays outside.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/unique_fd.h"
#include "lib/sandbox/boxed_program.h"
#include "lib/sandbox/cgroup.h"
#include "lib/sandbox/plan.h"

namespace emilua::sandbox {

// Standard streams, and no others.
inline constexpr std::array<int, 10> the_callers{0,
                                                 1,
                                                 2,
                                                 no_descriptor,
                                                 no_descriptor,
                                                 no_descriptor,
                                                 no_descriptor,
                                                 no_descriptor,
                                                 no_descriptor,
                                                 no_descriptor};

struct program_launch {
  int program;             // its file
  const char* empty_path;  // the string that plan_context::empty_path told of
  // Where execve finds it, if the policy lets it; empty: by descriptor, which scripts cannot be.
  std::string path;
  std::vector<std::string> arguments;             // with argv[0]
  std::vector<std::string> environment;           // NAME=VALUE
  std::array<int, 10> descriptors = the_callers;  // what it has under these numbers
  int news = no_descriptor;  // where process 1 tells of the program (lib/ipc/first_process.h)
  // What main() was given: overwritten in the child, whose process 1 the box can see.
  char** start_arguments = nullptr;
  char** start_environment = nullptr;
};

struct boxed_program {
  pid_t pid;
  base::unique_fd pidfd;
  std::optional<cgroup_leaf> cgroup;  // its end ends whoever is in it
};

struct launch_failure {
  enum class stage {
    cgroup,   // no cgroup with these limits
    clone,    // no process with these namespaces
    maps,     // no maps of ids: all in `what`
    step,     // plan.steps[index]
    program,  // everything is in force, but the program cannot be executed
    host,     // the child has died, or the host's own part has failed
  };
  stage where;
  std::size_t index;  // of the step
  std::error_code code;
  std::string what;  // host, cgroup: the part that has failed
};

// Blocks until the program runs, or nothing is left of the attempt.
[[nodiscard]] boost::system::result<boxed_program, launch_failure> launch(
    const plan& plan, const program_launch& program);

// The host's part once the child exists. First it writes the maps of ids, if the plan has any, and
// lets the child go on.
[[nodiscard]] boost::system::result<void, launch_failure> map_ids(const plan& plan, int pidfd,
                                                                  int host);

// Then it waits until the program runs, or has failed to. `host` is the end of a SOCK_SEQPACKET
// pair whose other end is the child's alone.
[[nodiscard]] boost::system::result<void, launch_failure> hear_of_start(int host,
                                                                        std::size_t steps);

// Makes the process where a copy of the caller would cost too much, or show too much: it may have
// threads, and memory that the first process of a box is not to hold. The engine's helper is one.
class launcher {
 public:
  struct child {
    pid_t pid;
    base::unique_fd pidfd;
    base::unique_fd line;  // ipc/lifeline.h: the creator's end
  };

  // As launch(), except that the plan's time is watched over, and that the caller's number for
  // `program`, which the plan was made with, is program_in_child.
  [[nodiscard]] virtual boost::system::result<child, launch_failure> launch_boxed(
      const plan& plan, const program_launch& program) = 0;

  static constexpr int program_in_child = 10;

 protected:
  ~launcher() = default;
};

}  // namespace emilua::sandbox
