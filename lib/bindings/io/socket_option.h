// set_option and get_option for what setsockopt(2) knows as one number.
//
//   constexpr socket_option options[] = {
//       {"debug", SOL_SOCKET, SO_DEBUG, option_type::boolean}, …};
//   if (const socket_option* option = find_option(options, name))
//     set_socket_option(L, fd, *option);                    // the value is argument 3
//
// Errors: a plain type error for a value of the wrong type, ERANGE for a number that is no int,
// whatever the kernel says.
#pragma once

#include <lua.hpp>
#include <span>
#include <string_view>

namespace emilua::bindings {

enum class option_type {
  boolean,
  integer,
  buffer_size,  // Linux keeps, and reports, twice what was asked for
};

struct socket_option {
  std::string_view name;
  int level;
  int number;
  option_type type;
};

// Null when there is none of that name.
[[nodiscard]] const socket_option* find_option(std::span<const socket_option> options,
                                               std::string_view name) noexcept;

void set_socket_option(lua_State* L, int fd, const socket_option& option);

// Pushes the value.
void push_socket_option(lua_State* L, int fd, const socket_option& option);

}  // namespace emilua::bindings
