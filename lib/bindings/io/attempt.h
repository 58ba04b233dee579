// One read or write of any descriptor, which waits only if told to.
//
//   const io_outcome outcome = attempt(fd, {direction::read, room, size}, /*wait=*/false);
//   if (outcome.would_block) …
//
// The descriptor's blocking mode, which other processes may share, is neither looked at nor
// changed. End of file is asio's misc:eof. Source: preadv2(2).
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <system_error>

#include "lib/bindings/io/pollable.h"

namespace emilua::bindings {

// Where the descriptor is, and moves on. Of other negative offsets the kernel says EINVAL.
inline constexpr off_t current_position = -1;

// The bytes to move; `data` is written to when reading.
struct io_request {
  direction which;
  void* data;
  std::size_t size;
  off_t offset = current_position;
};

struct io_outcome {
  std::error_code error;
  std::size_t bytes = 0;
  bool would_block = false;
};

[[nodiscard]] io_outcome attempt(int fd, const io_request& request, bool wait) noexcept;

// Whether readiness of the descriptor can be awaited.
[[nodiscard]] bool is_pollable(int fd) noexcept;

}  // namespace emilua::bindings
