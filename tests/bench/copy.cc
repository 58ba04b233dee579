// Prints the seconds for copying 64 MiB, four times 16 MiB, to memory that is new each time and to
// memory that is not.
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace {

constexpr std::size_t size = std::size_t{16} << 20;

void copy(void* to, const char* from) {
  std::memcpy(to, from, size);
  asm volatile("" : : "r"(to) : "memory");  // somebody might look at it
}

void copy_to_new(const char* from) {
  void* fresh = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (fresh == MAP_FAILED) std::abort();
  copy(fresh, from);
  ::munmap(fresh, size);
}

template <class Step>
double seconds(Step step) {
  const auto start = std::chrono::steady_clock::now();
  for (int n = 0; n < 4; ++n) step();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return took.count();
}

template <std::size_t N>
double median(std::array<double, N>& times) {
  std::ranges::sort(times);
  return times[N / 2];
}

}  // namespace

int main() {
  const auto from = std::make_unique<char[]>(size), kept = std::make_unique<char[]>(size);
  std::memset(from.get(), 'x', size);  // or all its pages would be the one of zeros
  std::array<double, 9> to_new{}, to_kept{};
  for (std::size_t i = 0; i < to_new.size(); ++i) {
    to_new[i] = seconds([&] { copy_to_new(from.get()); });
    to_kept[i] = seconds([&] { copy(kept.get(), from.get()); });
  }
  std::printf("%.9f %.9f\n", median(to_new), median(to_kept));
}
