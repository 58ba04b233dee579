#include "tools/confine/program_file.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace emilua::confine {
namespace {

base::result<program_file> open_program(std::string path) {
  program_file file{base::unique_fd{::open(path.c_str(), O_PATH | O_CLOEXEC)}, std::move(path)};
  if (!file.fd) return base::last_error();
  struct stat status {};
  if (::fstat(file.fd.get(), &status) == -1) return base::last_error();
  if (!S_ISREG(status.st_mode)) return base::system_error(EACCES);
  if (::access(file.path.c_str(), X_OK) == -1) return base::last_error();
  return file;
}

std::string first_bytes(const std::string& path) {
  std::string bytes(4096, '\0');
  const base::unique_fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  const ssize_t n = fd ? ::pread(fd.get(), bytes.data(), bytes.size(), 0) : 0;
  bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return bytes;
}

template <class T>
bool load(const std::string& bytes, std::size_t at, T& to) {
  if (at > bytes.size() || bytes.size() - at < sizeof to) return false;
  std::memcpy(&to, bytes.data() + at, sizeof to);
  return true;
}

// The dynamic linker that an ELF file names; empty for a static one.
std::string elf_interpreter(const std::string& bytes) {
  Elf64_Ehdr header;
  if (!bytes.starts_with(ELFMAG) || !load(bytes, 0, header)) return "";
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    if (!load(bytes, header.e_phoff + i * sizeof segment, segment)) return "";
    if (segment.p_type != PT_INTERP || segment.p_offset >= bytes.size()) continue;
    return bytes.c_str() + segment.p_offset;
  }
  return "";
}

}  // namespace

base::result<program_file> find_program(const std::string& name) {
  if (name.empty()) return base::system_error(ENOENT);
  if (name.find('/') != name.npos) return open_program(name);
  const char* const path = std::getenv("PATH");
  const std::string directories = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
  std::error_code error = base::system_error(ENOENT);
  for (std::size_t at = 0; at <= directories.size();) {
    const std::size_t end = std::min(directories.find(':', at), directories.size());
    const std::string directory = directories.substr(at, end - at);
    auto found = open_program((directory.empty() ? "." : directory) + "/" + name);
    if (found) return found;
    if (found.error() == std::errc::permission_denied) error = found.error();
    at = end + 1;
  }
  return error;
}

std::string why_not_executable(const program_file& program, bool by_descriptor) {
  const std::string bytes = first_bytes(program.path);
  if (const std::string interpreter = elf_interpreter(bytes); !interpreter.empty())
    return "its dynamic linker " + interpreter +
           " is not in the box, or cannot be executed there: grant it, or use --profile=reader";
  if (bytes.starts_with("#!") && by_descriptor)
    return "it is a script, which needs the promise 'exec' and its interpreter in the box";
  return "";
}

}  // namespace emilua::confine
