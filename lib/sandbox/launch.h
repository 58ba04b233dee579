// An unmodified program in a box.
//
//   auto boxed = sandbox::launch(plan, {.program = fd.get(), .arguments = …, .environment = …});
//   if (!boxed) report(boxed.error());                    // nothing of the program has run
//   … once boxed->pidfd is readable: ipc::reap(boxed->pidfd.get()) …
//
// The caller must be single-threaded: the child is a copy of it until exec. Its standard streams
// are the program's; everything else that it holds stays outside.
#pragma once

#include <string>
#include <vector>

#include "lib/base/unique_fd.h"
#include "lib/sandbox/plan.h"

namespace emilua::sandbox {

struct program_launch {
  int program;                           // its file
  const char* empty_path;                // the string that plan_context::empty_path told of
  std::string path;                      // where execve finds it, if the policy lets it
  std::vector<std::string> arguments;    // with argv[0]
  std::vector<std::string> environment;  // NAME=VALUE
  int streams[3] = {0, 1, 2};
  // What main() was given: overwritten in the child, whose process 1 the box can see.
  char** start_arguments = nullptr;
  char** start_environment = nullptr;
};

struct boxed_program {
  pid_t pid;
  base::unique_fd pidfd;
};

struct launch_failure {
  enum class stage {
    clone,    // no process with these namespaces
    step,     // plan.steps[index]
    program,  // everything is in force, but the program cannot be executed
    host,     // the child has died, or the host's own part has failed
  };
  stage where;
  std::size_t index;  // of the step
  std::error_code code;
  std::string what;  // host: the part that has failed
};

// Blocks until the program runs, or nothing is left of the attempt.
[[nodiscard]] boost::system::result<boxed_program, launch_failure> launch(
    const plan& plan, const program_launch& program);

}  // namespace emilua::sandbox
