// Filters that experts bring along as bytes.
//
//   if (const auto fault = find_fault(raw)) report("raw", *fault);   // "instruction 3: jumps too
//   far"
//
// The kernel refuses a bad program with EINVAL and no word more, in the child; this says which
// instruction, before anything is started. Source: Documentation/networking/filter.rst and
// seccomp(2).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace emilua::sandbox {

[[nodiscard]] std::optional<std::string> find_fault(std::string_view program);

}  // namespace emilua::sandbox
