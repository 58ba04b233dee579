// The descriptors that `send` is asked for: numbers, and what is to be opened.
#pragma once

#include <string>

#include "lib/base/unique_fd.h"

namespace emilua::fdpass {

// A number, open:r:PATH, open:rw:PATH, tcp-listen:HOST:PORT, unix-listen:PATH, memfd:TEXT or
// pidfd:PID. What is malformed is a tools::misuse, what cannot be opened a tools::refusal.
[[nodiscard]] base::unique_fd open_source(const std::string& text);

}  // namespace emilua::fdpass
