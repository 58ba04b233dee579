// Into the terminal of whoever started us, which is standard input.
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "tests/attacks/sandbox_attack.h"

namespace emilua::attacks {
namespace {

constexpr std::uint64_t high_bit = std::uint64_t{1} << 32;  // the kernel ignores it

// By number, as ioctl(3) would do it, but with the upper half.
outcome type(std::uint64_t number) {
  return result_of("ioctl", ::syscall(SYS_ioctl, STDIN_FILENO, number, "x"));
}

outcome paste(std::uint64_t number) {
  char select[16] = {3};  // paste the selection
  return result_of("ioctl", ::syscall(SYS_ioctl, STDIN_FILENO, number, select));
}

outcome acquire(const arguments&) {
  // Who leads a session already may not lead another: that is as good.
  if (::setsid() == -1 && errno != EPERM) return refused("setsid");
  return result_of("ioctl", ::ioctl(STDIN_FILENO, TIOCSCTTY, 0));
}

constexpr attack attacks[] = {
    {"type", [](const arguments&) { return type(TIOCSTI); }},
    {"type_by_a_large_number", [](const arguments&) { return type(TIOCSTI | high_bit); }},
    {"paste", [](const arguments&) { return paste(TIOCLINUX); }},
    {"paste_by_a_large_number", [](const arguments&) { return paste(TIOCLINUX | high_bit); }},
    {"acquire_terminal", acquire},
};

}  // namespace

std::span<const attack> terminal_attacks() { return attacks; }

}  // namespace emilua::attacks
