// Policies compiled into programs for the kernel's filters.
//
//   auto filter = compile_filter(policy);                     // on the host, before the fork
//   if (!filter) report(filter.error().where, filter.error().what);
//   …
//   for (std::string& program : filter->programs) {           // in the child
//     set_own_pid(std::as_writable_bytes(std::span{program}), ::getpid());
//     if (!install_filter(base::bytes_of(program))) …
//   }
//
// Allocates. Names are libseccomp's. All is one program, in which each rule's answer is final, so
// that precedence does not depend on how answers rank in the kernel.
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/sandbox/seccomp_install.h"
#include "lib/sandbox/syscall_rules.h"

namespace emilua::sandbox {

// One exec that is permitted whatever the policy says, for whoever starts a program under a filter
// that is already in force: execveat(descriptor, path, …, AT_EMPTY_PATH).
struct permitted_exec {
  int descriptor;
  // The address of an empty string. The kernel takes any absolute path in its place and ignores the
  // descriptor then, so it must be an address that the program cannot know: see
  // hidden_empty_string.
  std::uint64_t path;
};

struct filter_context {
  std::optional<permitted_exec> exec = {};
};

// Nothing but bytes: they are the whole filter.
[[nodiscard]] bool stands_for_itself(const syscall_policy& policy);

struct compiled_filter {
  // Bytes of arrays of sock_filter, in the order of installation.
  std::vector<std::string> programs;
  // Which of the programs asks a supervisor (install_notifying_filter).
  std::optional<std::size_t> notifying;
  // Names in rules that this architecture does not have.
  std::vector<std::string> skipped;
};

struct filter_error {
  std::string where;  // "allow[2].name"; empty if nothing single is at fault
  std::string what;
  std::size_t policy = 0;  // which of them
};

[[nodiscard]] boost::system::result<compiled_filter, filter_error> compile_filter(
    const syscall_policy& policy, const filter_context& context = {});

// What each of them permits: one program asks them in turn, and the first answer that is not to
// allow stands. (`log` in all but the last allows in silence. Only one may bring bytes along.)
[[nodiscard]] boost::system::result<compiled_filter, filter_error> compile_filter(
    std::span<const syscall_policy> policies, const filter_context& context = {});

}  // namespace emilua::sandbox
