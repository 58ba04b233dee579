// Two members of one name in an object of JSON: readers differ in which of them counts, so that a
// policy would grant one thing to whoever reviews it and another to the box.
//
//   if (const auto path = duplicate_member(R"({"fs": {"read": [], "read": ["/"]}})")) …   //
//   "fs.read"
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace emilua::sandbox {

// The path of the first one, spelled as in policy_error. The text must be JSON that has been read
// already: what is not, is read as far as it is.
[[nodiscard]] std::optional<std::string> duplicate_member(std::string_view text);

}  // namespace emilua::sandbox
