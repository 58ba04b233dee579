#pragma once

namespace emilua::engine {

inline constexpr const char* version = "0.1.0";

}  // namespace emilua::engine
