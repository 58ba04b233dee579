// For tests: plans for a kernel that is always the same, compared with files of what they were.
//
//   expect_golden("lib/sandbox/testdata/reader.txt", explain(*make_plan(policy, fixed_support(),
//   …)));
//
// With EMILUA_GOLDEN=DIRECTORY (the root of the sources) the files are written instead.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>

#include "lib/sandbox/plan.h"

namespace emilua::sandbox {

// Everything, with the Landlock of Linux 6.12.
inline support fixed_support() {
  support s;
  for (const named_namespace& kind : namespace_kinds()) s.namespaces |= kind.flag;
  s.landlock_abi = 6;
  s.filters = true;
  s.thread_signals = true;
  s.controllers = {"memory", "pids", "cpu", "io"};
  return s;
}

inline plan_context fixed_context(subject who) {
  return {.who = who,
          .uid = 1000,
          .gid = 1000,
          .descriptor_limit = 4096,
          .program = 9,
          .ids = {.uids = {{0, 100000, 65536}}, .gids = {{0, 200000, 65536}}}};
}

inline std::string golden_text(const std::string& path) {
  std::ifstream in{path};
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>{in}, {}};
}

// Without the size of filters, which is the architecture's and libseccomp's, nor what it does to
// the place of the comment.
inline std::string without_sizes(const std::string& text) {
  return std::regex_replace(text, std::regex{", [0-9]+ instructions(?:( ) *(?=#))?"}, "$1");
}

inline void expect_golden(const std::string& path, const std::string& explained) {
  const std::string text = without_sizes(explained);
  if (const char* const root = ::getenv("EMILUA_GOLDEN")) {
    std::ofstream{root + ("/" + path)} << text;
    return;
  }
  EXPECT_EQ(golden_text(path), text) << path;
}

}  // namespace emilua::sandbox
