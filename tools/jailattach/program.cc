#include "tools/jailattach/program.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "lib/base/bytes.h"
#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/sandbox/program_file.h"
#include "tools/command_line/start.h"

namespace emilua::jailattach {
namespace {

constexpr std::size_t max_program = std::size_t{256} << 20;

[[noreturn]] void fail(int status, const std::string& name, const std::string& reason) {
  throw tools::refusal{status, "exec: " + name + ": " + reason};
}

base::unique_fd open_program(const std::string& name) {
  const char* const path = std::getenv("PATH");
  const auto found = sandbox::find_program(
      sandbox::search_path(name, path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin"));
  if (!found)
    fail(found.error() == std::errc::no_such_file_or_directory ? tools::not_found
                                                               : tools::not_executable,
         name, found.error().message());
  base::unique_fd fd{::open(found->path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd) fail(tools::not_executable, name, base::last_error().message());
  return fd;
}

base::result<base::unique_fd> seal(const std::string& program) {
  base::unique_fd fd{::memfd_create("program", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  if (!fd) return base::last_error();
  if (const auto written = base::write_all(fd.get(), base::bytes_of(program)); !written)
    return written.error();
  constexpr int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (::fcntl(fd.get(), F_ADD_SEALS, seals) == -1) return base::last_error();
  return fd;
}

}  // namespace

base::unique_fd copy_program(const options& options) {
  const std::string& name = options.program[0];
  base::unique_fd file;
  if (options.program_fd == -1) {
    file = open_program(name);
  } else if (::lseek(options.program_fd, 0, SEEK_SET) == -1) {
    fail(tools::not_executable, "--program-fd " + std::to_string(options.program_fd),
         base::last_error().message());
  }
  const auto program = base::read_all(file ? file.get() : options.program_fd, max_program);
  if (!program) fail(tools::not_executable, name, program.error().message());
  if (!program->starts_with(ELFMAG))
    fail(tools::not_executable, name, "no ELF program: its interpreter would be the container's");
  if (!sandbox::elf_interpreter(*program).empty())
    fail(
        tools::not_executable, name,
        "not static: its libraries would be the container's (--from-image executes what is there)");
  auto sealed = seal(*program);
  if (!sealed) fail(tools::not_executable, name, sealed.error().message());
  return std::move(*sealed);
}

}  // namespace emilua::jailattach
