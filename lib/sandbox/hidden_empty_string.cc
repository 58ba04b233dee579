#include "lib/sandbox/hidden_empty_string.h"

#include <sys/mman.h>
#include <sys/random.h>

#include <cerrno>

namespace emilua::sandbox {
namespace {

constexpr std::uintptr_t page_size = 4096;
constexpr std::uintptr_t lowest = std::uintptr_t{1} << 32;
constexpr std::uintptr_t highest = std::uintptr_t{1} << 46;  // within every 64-bit address space
// More than enough where all but a few pages are free.
constexpr int attempts = 64;

base::result<std::uintptr_t> random_address() noexcept {
  std::uintptr_t random = 0;
  if (::getrandom(&random, sizeof random, 0) != sizeof random) return base::last_error();
  return lowest + random % (highest - lowest);
}

}  // namespace

base::result<hidden_empty_string> hidden_empty_string::make_at(std::uint64_t address) noexcept {
  const std::uint64_t page = address & ~std::uint64_t{page_size - 1};
  void* const wanted = reinterpret_cast<void*>(page);  // NOLINT(performance-no-int-to-ptr)
  void* const mapped = ::mmap(wanted, page_size, PROT_READ,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (mapped == wanted)
    return hidden_empty_string{static_cast<const char*>(mapped) + (address - page)};
  if (mapped == MAP_FAILED) return base::last_error();
  ::munmap(mapped, page_size);  // a kernel before 4.17 takes the address for a hint
  return base::system_error(EEXIST);
}

base::result<hidden_empty_string> hidden_empty_string::make() noexcept {
  for (int i = 0; i < attempts; ++i) {
    const auto address = random_address();
    if (!address) return address.error();
    auto made = make_at(*address);
    if (made || made.error() != std::errc::file_exists) return made;
  }
  return base::system_error(EEXIST);
}

hidden_empty_string::~hidden_empty_string() {
  if (!text_) return;
  const std::uintptr_t page = address() & ~(page_size - 1);
  ::munmap(reinterpret_cast<void*>(page), page_size);  // NOLINT(performance-no-int-to-ptr)
}

}  // namespace emilua::sandbox
