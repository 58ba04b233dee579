// An empty string at an address that nobody can guess: the path of a permitted exec.
//
//   const auto path = hidden_empty_string::make();                     // before the fork
//   auto filter = compile_filter(policy, {.exec = permitted_exec{fd, path->address()}});
//   …
//   ::syscall(SYS_execveat, fd, path->c_str(), argv, envp, AT_EMPTY_PATH);   // in the child
//
// execveat(2) with AT_EMPTY_PATH runs the descriptor's file only if the path is empty, which no
// filter can see; it can see where the path is. The address has more than 40 random bits and is
// gone with the exec, so that the program which is started cannot use the permission again. A page
// of memory each; a fork inherits it.
#pragma once

#include <cstdint>
#include <utility>

#include "lib/base/error.h"

namespace emilua::sandbox {

class hidden_empty_string {
 public:
  // Errors are those of getrandom(2) and mmap(2).
  [[nodiscard]] static base::result<hidden_empty_string> make() noexcept;
  // The same in another process, at the address of one that was made elsewhere. EEXIST if there is
  // something already.
  [[nodiscard]] static base::result<hidden_empty_string> make_at(std::uint64_t address) noexcept;

  hidden_empty_string(hidden_empty_string&& other) noexcept
      : text_(std::exchange(other.text_, nullptr)) {}
  hidden_empty_string& operator=(hidden_empty_string&& other) noexcept {
    std::swap(text_, other.text_);
    return *this;
  }
  ~hidden_empty_string();

  [[nodiscard]] const char* c_str() const noexcept { return text_; }
  [[nodiscard]] std::uint64_t address() const noexcept {
    return reinterpret_cast<std::uintptr_t>(text_);
  }

 private:
  explicit hidden_empty_string(const char* text) noexcept : text_(text) {}

  const char* text_;
};

}  // namespace emilua::sandbox
