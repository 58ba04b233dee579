// What came, for people and for programs.
#pragma once

#include <string>

#include "tools/fdpass/message.h"

namespace emilua::fdpass {

// "peer: pid 7, uid 0, gid 0", "data: …" and a line for each descriptor: "3: socket, stream, …".
[[nodiscard]] std::string describe(const message& came, const ucred& peer);

// {"data", "peer": {"pid", "uid", "gid"}, "descriptors": [{"type", "flags", …}]}. Data that is no
// UTF-8 is "data_hex".
[[nodiscard]] std::string describe_json(const message& came, const ucred& peer);

}  // namespace emilua::fdpass
