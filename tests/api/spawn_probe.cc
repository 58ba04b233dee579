// What a program that system.spawn has started finds, as a Lua chunk on its standard output.
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    char escaped[5];
    std::snprintf(escaped, sizeof escaped, "\\%03d", static_cast<unsigned char>(c));
    out += escaped;
  }
  return out + "\"";
}

void print_number(const char* name, long value) { std::printf("%s = %ld,\n", name, value); }

void print_descriptors() {
  std::puts("descriptors = {");
  DIR* const directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) std::exit(3);
  while (const dirent* entry = ::readdir(directory)) {
    const int fd = std::atoi(entry->d_name);
    if (entry->d_name[0] == '.' || fd == ::dirfd(directory)) continue;
    char target[4096] = {};
    if (::readlinkat(::dirfd(directory), entry->d_name, target, sizeof target - 1) == -1) continue;
    std::printf("[%d] = {target = %s, flags = %d},\n", fd, quoted(target).c_str(),
                ::fcntl(fd, F_GETFL));
  }
  ::closedir(directory);
  std::puts("},");
}

// The lines of /proc/self/status, as text.
void print_status() {
  std::puts("status = {");
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);) {
    const auto colon = line.find(":\t");
    if (colon == line.npos) continue;
    std::printf("[%s] = %s,\n", quoted(line.substr(0, colon)).c_str(),
                quoted(line.substr(colon + 2)).c_str());
  }
  std::puts("},");
}

void print_scheduler() {
  sched_param parameter{};
  ::sched_getparam(0, &parameter);
  const int policy = ::sched_getscheduler(0);
  print_number("policy", policy & ~SCHED_RESET_ON_FORK);
  print_number("priority", parameter.sched_priority);
  std::printf("reset_on_fork = %s,\n", policy & SCHED_RESET_ON_FORK ? "true" : "false");
}

}  // namespace

int main(int argc, char** argv, char** envp) {
  std::puts("return {");
  std::puts("arguments = {");
  for (int i = 0; i < argc; ++i) std::printf("%s,\n", quoted(argv[i]).c_str());
  std::puts("},\nenvironment = {");
  for (; *envp != nullptr; ++envp) std::printf("%s,\n", quoted(*envp).c_str());
  std::puts("},");
  print_descriptors();
  print_status();
  print_scheduler();
  print_number("pid", ::getpid());
  print_number("ppid", ::getppid());
  print_number("pgid", ::getpgid(0));
  print_number("sid", ::getsid(0));
  print_number("foreground", ::tcgetpgrp(0));
  int signal = -1;
  static_cast<void>(::prctl(PR_GET_PDEATHSIG, &signal));
  print_number("pdeathsig", signal);
  const mode_t mask = ::umask(0);
  print_number("umask", mask);
  char directory[4096];
  std::printf("working_directory = %s,\n",
              quoted(::getcwd(directory, sizeof directory) != nullptr ? directory : "?").c_str());
  std::puts("}");
}
