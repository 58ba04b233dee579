// All tools but the engine, whose commands they are.
//
//   if (const tools::tool* t = find_tool("fdpass")) return t->run(argc, argv, envp);
#pragma once

#include <span>
#include <string_view>

#include "tools/command_line/tool.h"

namespace emilua::tools {

// By name.
[[nodiscard]] std::span<const tool* const> family() noexcept;

// Null: there is no such tool.
[[nodiscard]] const tool* find_tool(std::string_view name) noexcept;

}  // namespace emilua::tools
