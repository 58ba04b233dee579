// What a filter costs each system call: prints nanoseconds of a getppid(2) under none, under one of
// one rule, and under the default one of a box, measured in turns.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include "lib/sandbox/landlock.h"
#include "lib/sandbox/seccomp_filter.h"

namespace {

using namespace emilua;

// One comparison: what the kernel itself adds to each call that is filtered, and hardly more.
std::string one_rule() {
  const sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ptrace, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  return {reinterpret_cast<const char*>(code), sizeof code};
}

std::string of_a_box() {
  auto filter =
      sandbox::compile_filter({.promises = {sandbox::promise::stdio, sandbox::promise::error}});
  return filter ? filter->programs.at(0) : std::string{};
}

double measure() {
  constexpr int calls = 200000;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < calls; ++i) ::syscall(SYS_getppid);
  const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - begin;
  return taken.count() / calls;
}

// In a child of its own: a filter stays. Negative: it could not be had.
double under(const std::string& filter) {
  auto* const result = static_cast<double*>(
      ::mmap(nullptr, sizeof(double), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  *result = -1;
  const pid_t pid = ::fork();
  if (pid == 0) {
    const bool ready = filter.empty() || (sandbox::set_no_new_privs() &&
                                          sandbox::install_filter(base::bytes_of(filter)));
    if (ready) *result = measure();
    ::_exit(0);
  }
  ::waitpid(pid, nullptr, 0);
  const double nanoseconds = *result;
  ::munmap(result, sizeof(double));
  return nanoseconds;
}

}  // namespace

int main() {
  const std::string filters[] = {"", one_rule(), of_a_box()};
  std::vector<double> times[3];
  for (int round = 0; round < 15; ++round)
    for (int i = 0; i < 3; ++i) times[i].push_back(under(filters[i]));
  for (auto& column : times) {
    std::ranges::nth_element(column, column.begin() + 7);
    std::printf("%g ", column[7]);
  }
  std::puts("");
}
