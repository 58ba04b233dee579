// The box that --policy puts PROGRAM into, in the process that the script has made what it is: the
// namespaces, the root directory, the ids and the session are the script's business.
//
//   const auto policy = load_policy(path);             // before the script, which may hide the
//   file … box box{policy, program, environment};             // after it box.execute();
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "lib/sandbox/hidden_empty_string.h"
#include "lib/sandbox/launch.h"
#include "lib/sandbox/plan.h"
#include "lib/sandbox/policy.h"
#include "lib/sandbox/program_file.h"
#include "tools/command_line/program.h"

namespace emilua::initexec {

// Throws tools::refusal.
[[nodiscard]] sandbox::policy load_policy(const std::string& path);

class box {
 public:
  // Finds the program by the PATH that it will have, which with a guardian for a parent dies with
  // that if the policy says so. Throws tools::refusal, as all others do.
  box(const sandbox::policy& policy, const std::vector<std::string>& program,
      const tools::environment& environment, bool has_guardian);

  [[nodiscard]] const sandbox::plan& plan() const noexcept { return plan_; }

  // In the place of this process, whose descriptors stay as they are.
  [[noreturn]] void execute();

  // In a child, with this process's descriptors.
  [[nodiscard]] pid_t start();

 private:
  [[noreturn]] void fail_at(std::size_t step, std::error_code error) const;

  std::vector<std::string> arguments_, environment_;
  sandbox::program_file file_;
  sandbox::hidden_empty_string empty_path_;
  sandbox::plan plan_;
  std::string hint_;  // of what the program may lack in the box
};

}  // namespace emilua::initexec
