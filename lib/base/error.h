// Errors as values, and system calls that are not disturbed by signals.
//
//   result<unique_fd> open_log(const char* path) {
//     unique_fd fd{retry([&] { return ::open(path, O_WRONLY | O_CLOEXEC); })};
//     if (!fd) return last_error();
//     return fd;
//   }
//
// A result holds either the value or a std::error_code. Nothing here throws or allocates.
#pragma once

#include <boost/system/result.hpp>
#include <cerrno>
#include <system_error>

namespace emilua::base {

template <class T = void>
using result = boost::system::result<T, std::error_code>;

// The calling thread's errno as an error code.
[[nodiscard]] inline std::error_code last_error() noexcept {
  return {errno, std::system_category()};
}

[[nodiscard]] inline std::error_code system_error(int error) noexcept {
  return {error, std::system_category()};
}

// Repeats a system call that a signal handler has cut short (-1 with EINTR). Not for close(2).
template <class Call>
auto retry(Call&& call) noexcept(noexcept(call())) {
  decltype(call()) value;
  do {
    value = call();
  } while (value == -1 && errno == EINTR);
  return value;
}

// Turns the return value of a call into a result: -1 is errno, anything else the value.
template <class Value>
[[nodiscard]] result<Value> checked(Value value) noexcept {
  if (value == static_cast<Value>(-1)) return last_error();
  return value;
}

}  // namespace emilua::base
