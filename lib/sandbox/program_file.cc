#include "lib/sandbox/program_file.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace emilua::sandbox {
namespace {

base::result<program_file> open_program(const std::string& path) {
  program_file file{base::unique_fd{::open(path.c_str(), O_PATH | O_CLOEXEC)}, path};
  if (!file.fd) return base::last_error();
  struct stat status {};
  if (::fstat(file.fd.get(), &status) == -1) return base::last_error();
  if (!S_ISREG(status.st_mode)) return base::system_error(EACCES);
  if (::access(path.c_str(), X_OK) == -1) return base::last_error();
  return file;
}

std::string first_bytes(int file) {
  std::string bytes(4096, '\0');
  // It may have been opened for nothing but its path.
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  const base::unique_fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  const ssize_t n = fd ? ::pread(fd.get(), bytes.data(), bytes.size(), 0) : 0;
  bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return bytes;
}

template <class T>
bool load(std::string_view bytes, std::size_t at, T& to) {
  if (at > bytes.size() || bytes.size() - at < sizeof to) return false;
  std::memcpy(&to, bytes.data() + at, sizeof to);
  return true;
}

}  // namespace

std::string elf_interpreter(std::string_view bytes) {
  Elf64_Ehdr header;
  if (!bytes.starts_with(ELFMAG) || !load(bytes, 0, header)) return "";
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    if (!load(bytes, header.e_phoff + i * sizeof segment, segment)) return "";
    if (segment.p_type != PT_INTERP || segment.p_offset >= bytes.size()) continue;
    const std::string_view rest = bytes.substr(segment.p_offset);
    return std::string{rest.substr(0, rest.find('\0'))};
  }
  return "";
}

std::vector<std::string> search_path(const std::string& name, std::string_view directories) {
  if (name.empty() || name.find('/') != name.npos) return {name};
  std::vector<std::string> paths;
  for (;;) {
    const auto end = directories.find(':');
    const std::string_view directory = directories.substr(0, end);
    paths.push_back(directory.empty() ? name : std::string{directory} + "/" + name);
    if (end == directories.npos) return paths;
    directories.remove_prefix(end + 1);
  }
}

base::result<program_file> find_program(std::span<const std::string> paths) {
  std::error_code error = base::system_error(ENOENT);
  for (const std::string& path : paths) {
    auto found = open_program(path);
    if (found || paths.size() == 1) return found;
    // A directory without it, or that is none, says nothing of the others.
    if (found.error() != std::errc::no_such_file_or_directory &&
        found.error() != std::errc::not_a_directory)
      error = found.error();
  }
  return error;
}

std::string why_not_executable(int file, bool by_descriptor) {
  const std::string bytes = first_bytes(file);
  if (const std::string interpreter = elf_interpreter(bytes); !interpreter.empty())
    return "its dynamic linker " + interpreter + " is not in the box, or cannot be executed there";
  if (bytes.starts_with("#!") && by_descriptor)
    return "it is a script, which needs the promise 'exec' and its interpreter in the box";
  return "";
}

}  // namespace emilua::sandbox
