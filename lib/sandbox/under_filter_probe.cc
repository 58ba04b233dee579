// Run by exec_under_filter_test: what a C library does from its start to its end.
//
//   probe                  exits with 0
//   probe PROGRAM ADDRESS  tries to use the permission by which it was started once more
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

// Descriptor 9 is the program to start; here it is only a number, as its file is closed on exec.
constexpr int permitted = 9;

int exec_again(const char* program, std::uint64_t address) {
  char* const arguments[] = {nullptr};
  ::syscall(SYS_execveat, permitted, address ? address : reinterpret_cast<std::uintptr_t>(program),
            arguments, arguments, AT_EMPTY_PATH);
  return errno;
}

int use_the_library() {
  std::vector<std::string> lines;
  while (lines.size() < 10000) lines.emplace_back(200, 'x');
  if (std::printf("%zu lines\n", lines.size()) < 0 || std::fflush(stdout) != 0) return 1;
  void* const large = std::malloc(std::size_t{8} << 20);
  if (!large) return 2;
  std::free(large);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3) return exec_again(argv[1], std::strtoull(argv[2], nullptr, 0));
  return use_the_library();
}
