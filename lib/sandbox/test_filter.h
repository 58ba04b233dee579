// For tests: children under a filter.
//
//   EXPECT_EQ(under({.promises = promise::stdio}, [] { return ::getppid() > 0 ? 0 : errno; }), 0);
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <span>
#include <string>
#include <utility>

#include "lib/base/bytes.h"
#include "lib/ipc/test_child.h"
#include "lib/sandbox/landlock.h"
#include "lib/sandbox/seccomp_filter.h"

namespace emilua::sandbox {

inline constexpr int bad_setup = 200;                  // errno values stay below
inline constexpr int killed_by_filter = 128 + SIGSYS;  // what in_child answers

// What a system call has said.
inline int errno_of(long status) { return status == -1 ? errno : 0; }

// Puts a filter into force in the calling process; 0 or bad_setup.
inline int confine(compiled_filter& filter) {
  if (!set_no_new_privs()) return bad_setup;
  for (std::string& program : filter.programs) {
    set_own_pid(std::as_writable_bytes(std::span{program}), ::getpid());
    if (!install_filter(base::bytes_of(program))) return bad_setup;
  }
  return 0;
}

// What `body` answers in a child under the policy.
template <class Body>
int under(const syscall_policy& policy, Body&& body, const filter_context& context = {}) {
  auto filter = compile_filter(policy, context);
  if (!filter) {
    ADD_FAILURE() << filter.error().where << ": " << filter.error().what;
    return bad_setup;
  }
  return ipc::in_child([&] {
    if (confine(*filter)) return bad_setup;
    return body();
  });
}

}  // namespace emilua::sandbox
