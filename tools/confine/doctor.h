// `confine doctor`: what this machine can enforce for this user, tried out.
#pragma once

#include <string>

namespace emilua::confine {

// One line for each mechanism, with what is lost without it and what would help; or JSON.
[[nodiscard]] std::string examine(bool json);

}  // namespace emilua::confine
