// The least that a program can be: writes when it began (CLOCK_MONOTONIC, two words), and ends.
// Without a C library, whose start-up takes as long as that of a small container.
#include <sys/syscall.h>

namespace {

long call(long number, long a, long b, long c) {
  long result;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c)
               : "rcx", "r11", "memory");
  return result;
}

}  // namespace

extern "C" [[noreturn]] void _start() {
  constexpr long monotonic = 1;
  long now[2];
  call(SYS_clock_gettime, monotonic, reinterpret_cast<long>(now), 0);
  call(SYS_write, 1, reinterpret_cast<long>(now), sizeof now);
  for (;;) call(SYS_exit_group, 0, 0, 0);
}
