// What the specification of fibers says a program of fiber_fuzz does.
//
// Written from the specification alone, and the simplest way: blocks are C++ coroutines, a
// suspended fiber is the handle of its innermost one, and an error is a result that everything
// passes on.
#pragma once

#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "tests/fuzz/fiber_program.h"

namespace fiber_fuzz {

struct observation {
  std::vector<std::string> trace;    // what happened, in order
  std::vector<std::string> reports;  // what diagnostics told, sorted
  int exit_code = 0;

  friend bool operator==(const observation&, const observation&) = default;
};

[[nodiscard]] observation expected(const block& program);

// How values and events are written, here and by the engine's side.
[[nodiscard]] std::string show_number(int number);
[[nodiscard]] std::string show_string(std::string_view text);
[[nodiscard]] std::string show_code(std::error_code error, int argument = 0);
[[nodiscard]] std::string show_event(int fiber, int operation, std::string_view what,
                                     const std::vector<std::string>& values);

}  // namespace fiber_fuzz
