// The program to be run: where it is, and what is to be said if it cannot be executed.
#pragma once

#include <string>

#include "lib/base/error.h"
#include "lib/base/unique_fd.h"

namespace emilua::confine {

struct program_file {
  base::unique_fd fd;  // O_PATH
  std::string path;
};

// As execvp(3) finds it: by PATH unless there is a slash in its name. ENOENT, EACCES.
[[nodiscard]] base::result<program_file> find_program(const std::string& name);

// What a file that can be executed outside lacks in the box, as half a sentence: "its interpreter
// /lib64/… is not in the box". Empty if nothing is known.
[[nodiscard]] std::string why_not_executable(const program_file& program, bool by_descriptor);

}  // namespace emilua::confine
