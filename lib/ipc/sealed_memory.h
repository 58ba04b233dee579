// Payloads too large for a packet: anonymous files that nobody can change any more.
//
//   base::unique_fd fd = *seal(payload);              // sender
//   auto view = open_sealed(fd.get(), 16 << 20);      // receiver: checks seals and size, maps
//
// The receiver trusts nothing about the descriptor: it must be a memfd sealed against writing,
// growing and shrinking, no larger than the limit. Otherwise EPERM (not sealed, or no memfd at all,
// or one of huge pages) or EMSGSIZE; beyond these, mmap(2)'s errors.
// Source: memfd_create(2), fcntl(2) F_GET_SEALS.
#pragma once

#include <cstddef>
#include <span>

#include "lib/base/bytes.h"
#include "lib/base/error.h"
#include "lib/base/unique_fd.h"

namespace emilua::ipc {

// A close-on-exec memfd holding `payload`, sealed (F_SEAL_WRITE|GROW|SHRINK|SEAL, and against
// execution where the kernel can). `name` shows in /proc/PID/maps only.
[[nodiscard]] base::result<base::unique_fd> seal(base::byte_view payload,
                                                 const char* name = "emilua-message") noexcept;

// A read-only mapping with an owner.
class mapping {
 public:
  mapping() noexcept = default;
  mapping(mapping&& other) noexcept;
  mapping& operator=(mapping&& other) noexcept;
  ~mapping();

  [[nodiscard]] base::byte_view bytes() const noexcept { return bytes_; }

 private:
  friend base::result<mapping> open_sealed(int fd, std::size_t limit) noexcept;
  explicit mapping(base::byte_view bytes) noexcept : bytes_(bytes) {}
  base::byte_view bytes_;
};

[[nodiscard]] base::result<mapping> open_sealed(int fd, std::size_t limit) noexcept;

}  // namespace emilua::ipc
