// Ready-made policies, to begin with.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/sandbox/policy.h"

namespace emilua::confine {

[[nodiscard]] std::vector<std::string> profile_names();
[[nodiscard]] std::optional<sandbox::policy> make_profile(std::string_view name);

}  // namespace emilua::confine
