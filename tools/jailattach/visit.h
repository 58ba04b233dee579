// The life of the process that goes in.
#pragma once

#include <string>

#include "lib/base/unique_fd.h"
#include "tools/jailattach/options.h"
#include "tools/jailattach/target.h"

namespace emilua::jailattach {

struct visit {
  const options& what;
  const target& where;
  std::string script;       // its text
  std::string script_name;  // of the chunk
  base::unique_fd program;  // of the host, or nothing
  base::unique_fd maker;    // a pipe's end, whose other one its maker has
};

// Of a new process whose maker has joined the target: root, identity, rights, script, program.
// Returns its exit status. Throws tools::refusal.
[[nodiscard]] int go_in(visit& visit);

}  // namespace emilua::jailattach
