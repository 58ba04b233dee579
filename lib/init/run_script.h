// For tests: an init.script in a process of its own, and how that ended.
//
//   EXPECT_EQ(run_script("assert(mode(6, 4, 4) == 420)"), ended_well);
//   EXPECT_EQ(run_script("C.read(-1, 1)"), failed("ipc_actor/init: read: Bad file descriptor"));
#pragma once

#include <ostream>
#include <string>
#include <string_view>

namespace emilua::init {

struct outcome {
  int status = 0;       // of the process; 128 + signal when killed
  std::string message;  // what `fatal` was told
  bool operator==(const outcome&) const = default;
};

std::ostream& operator<<(std::ostream& out, const outcome& value);

struct conditions {
  int argument = -1;          // of the request
  bool unprivileged = false;  // without root's identity and capabilities
};

[[nodiscard]] outcome run_script(std::string_view script, const conditions& where = {});

inline const outcome ended_well{};
[[nodiscard]] inline outcome failed(std::string message) { return {1, std::move(message)}; }

// Whether the environment forbids to skip a test.
[[nodiscard]] bool must_work();

}  // namespace emilua::init
