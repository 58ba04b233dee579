// Relative IRIs: RFC 3986, section 5.2, without any other normalisation.
//
//   resolve("http://a/b/c/d;p?q", "../g");    // "http://a/b/g"
//
// Time is linear in the lengths of both. IRIs are not checked: parts are told by their separators.
#pragma once

#include <string>
#include <string_view>

namespace emilua::turtle {

// `reference` as it is if it has a scheme, or if `base` has none (is empty, say).
[[nodiscard]] std::string resolve(std::string_view base, std::string_view reference);

}  // namespace emilua::turtle
