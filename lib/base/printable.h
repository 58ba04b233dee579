// Text from anywhere, for a terminal or a log.
//
//   complain(tool + ": " + printable(path) + ": " + reason);
//   report(printable(traceback, "\n\t"));
//
// Control characters could rewrite what is on the screen, or feign lines of a log: those of ASCII
// and the second set, U+0080 to U+009F, which terminals obey in UTF-8 and as single bytes.
#pragma once

#include <string>
#include <string_view>

namespace emilua::base {

// With the bytes of control characters written as \xNN, but for those in `kept`. Other bytes stay
// as they are, UTF-8 or not.
[[nodiscard]] std::string printable(std::string_view text, std::string_view kept = {});

}  // namespace emilua::base
