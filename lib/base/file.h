// Whole-file reads and writes over descriptors, for set-up work: blocking, EINTR-safe.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <string>

#include "lib/base/bytes.h"
#include "lib/base/error.h"
#include "lib/base/unique_fd.h"

namespace emilua::base {

// Writes all of `data`. Allocates nothing; safe after fork.
[[nodiscard]] result<> write_all(int fd, byte_view data) noexcept;

// Reads until end of file. EFBIG when there are more than `limit` bytes.
[[nodiscard]] result<std::string> read_all(int fd, std::size_t limit);

// The contents of a file. Errors are open(2)'s and read(2)'s (EISDIR for a directory).
[[nodiscard]] result<std::string> read_file(const char* path, std::size_t limit);

// fstat(2) itself: the C library's version of it is a call with a path, which a box refuses.
[[nodiscard]] result<struct stat> status_of(int fd) noexcept;

// A second descriptor, close-on-exec, for the same open file.
[[nodiscard]] result<unique_fd> duplicate(int fd) noexcept;

// Closes every descriptor from `first` on. Async-signal-safe.
[[nodiscard]] result<> close_from(unsigned first) noexcept;

// The same at the next exec: marks every descriptor from `first` on. Async-signal-safe.
[[nodiscard]] result<> close_on_exec_from(unsigned first) noexcept;

// Fills the numbers 0 to 2 where the process was started without them: input at its end, output
// that nobody reads. Whatever is opened later can then not be taken for a standard stream.
[[nodiscard]] result<> ensure_standard_descriptors() noexcept;

// A pipe end whose other end is closed: for input, at its end; for output, without a reader.
[[nodiscard]] result<unique_fd> dead_end(bool input) noexcept;

}  // namespace emilua::base
