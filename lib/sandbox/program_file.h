// The file of a program to be run in a box: found outside it, with the caller's rights.
//
//   auto program = sandbox::find_program(sandbox::search_path("cc", "/usr/bin:/bin"));
//   if (!program) …                                      // ENOENT, EACCES, …
//
// Source: execvp(3), elf(5).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/unique_fd.h"

namespace emilua::sandbox {

struct program_file {
  base::unique_fd fd;  // O_PATH
  std::string path;
};

// Where execvp(3) looks for `name`: in these directories, with colons between them, unless there is
// a slash in it.
[[nodiscard]] std::vector<std::string> search_path(const std::string& name,
                                                   std::string_view directories);

// The first of these that is a file which can be executed. EACCES goes before ENOENT.
[[nodiscard]] base::result<program_file> find_program(std::span<const std::string> paths);

// The dynamic linker that an ELF file names, given its contents or their beginning; empty for a
// static one, and for what is no ELF file.
[[nodiscard]] std::string elf_interpreter(std::string_view bytes);

// What a file that can be executed outside may lack in the box, as half a sentence: "its dynamic
// linker /lib64/… is not in the box". Empty if nothing is known.
[[nodiscard]] std::string why_not_executable(int file, bool by_descriptor);

}  // namespace emilua::sandbox
