// The modules `generic_error` and `asio_error`: error codes by name.
#pragma once

#include <lua.hpp>
#include <span>
#include <string_view>

namespace emilua::bindings {

struct named_code {
  std::string_view name;
  int code;
};

// The names in asio_error.GROUP; none if there is no such group.
[[nodiscard]] std::span<const named_code> asio_error_names(std::string_view group) noexcept;

void push_generic_error(lua_State* L);
void push_asio_error(lua_State* L);

}  // namespace emilua::bindings
