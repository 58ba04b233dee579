// A program started under a filter that is already in force, and what it can do with that.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

#include "lib/base/unique_fd.h"
#include "lib/sandbox/hidden_empty_string.h"
#include "lib/sandbox/test_filter.h"

namespace emilua::sandbox {
namespace {

constexpr int descriptor = 9;

std::string probe() {
  return std::string{::getenv("TEST_SRCDIR")} + '/' + ::getenv("TEST_WORKSPACE") +
         "/lib/sandbox/under_filter_probe";
}

// Runs the probe under the promises; with `filtered` false, without any filter.
int run_probe(promise_set promises, const char* first, const std::string& second,
              bool filtered = true) {
  const auto path = hidden_empty_string::make();
  if (!path) return bad_setup;
  auto filter =
      compile_filter({.promises = promises}, {.exec = permitted_exec{descriptor, path->address()}});
  const base::unique_fd program{::open(probe().c_str(), O_RDONLY | O_CLOEXEC)};
  if (!filter || !program) return bad_setup;
  const std::string address = second == "hidden" ? std::to_string(path->address()) : second;
  return ipc::in_child([&] {
    if (::dup3(program.get(), descriptor, O_CLOEXEC) == -1) return bad_setup;
    if (filtered && confine(*filter)) return bad_setup;
    const char* const arguments[] = {"probe", first, address.c_str(), nullptr};
    char* const environment[] = {nullptr};
    ::syscall(SYS_execveat, descriptor, path->c_str(), arguments, environment, AT_EMPTY_PATH);
    return errno;
  });
}

TEST(HiddenEmptyString, IsEmptyAndElsewhereEachTime) {
  const auto one = hidden_empty_string::make();
  auto other = hidden_empty_string::make();
  ASSERT_TRUE(one && other);
  EXPECT_STREQ(one->c_str(), "");
  EXPECT_STREQ(other->c_str(), "");
  EXPECT_NE(one->address(), other->address());
  EXPECT_NE(one->address() >> 32, other->address() >> 32);
  EXPECT_EQ(one->address(), reinterpret_cast<std::uintptr_t>(one->c_str()));
  const std::uint64_t address = other->address();
  const hidden_empty_string moved = std::move(*other);
  EXPECT_EQ(moved.address(), address);
}

TEST(Exec, AStaticProgramRunsOnStdio) { EXPECT_EQ(run_probe(promise::stdio, nullptr, {}), 0); }

TEST(Exec, OnlyThePermittedDescriptor) {
  const auto path = hidden_empty_string::make();
  EXPECT_EQ(under({.promises = promise::stdio},
                  [&] {
                    char* const none[] = {nullptr};
                    ::syscall(SYS_execveat, descriptor, path->c_str(), none, none, AT_EMPTY_PATH);
                    return errno;
                  },
                  {.exec = permitted_exec{descriptor + 1, path->address()}}),
            killed_by_filter);
}

// The kernel ignores the descriptor when the path is absolute: it is the address that is refused.
TEST(Exec, IsNotPermittedASecondTime) {
  EXPECT_EQ(run_probe(promise::stdio, "/nonexistent", "0", false), ENOENT);
  EXPECT_EQ(run_probe(promise::stdio, "/nonexistent", "0"), killed_by_filter);
  // Whoever knows the address gets past the filter: nothing is there to read any more.
  EXPECT_EQ(run_probe(promise::stdio, "/nonexistent", "hidden"), EFAULT);
}

}  // namespace
}  // namespace emilua::sandbox
