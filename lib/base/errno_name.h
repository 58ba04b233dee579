// The errors that POSIX names, as programs know them: by name.
//
//   errno_by_name("ENOENT");     // 2
//   errno_by_name("ENOSUCH");    // nothing
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace emilua::base {

struct named_errno {
  std::string_view name;
  int value;
};

// All of them, by name.
[[nodiscard]] std::span<const named_errno> errno_names() noexcept;

// The platform's errno for a name of std::errc; spec 20 §5.1 lists them.
[[nodiscard]] std::optional<int> errno_by_name(std::string_view name) noexcept;

}  // namespace emilua::base
