// Error codes as Lua values.
//
//   lua::raise(L, base::last_error());                     // {code = 2, category = system}
//   lua::raise_argument(L, 2);                              // EINVAL with arg = 2
//   lua::raise(L, lua::core_errc::bad_index, {"index", 2});  // one extra field
//
// A value is a plain table {code = integer, category = userdata} with a shared metatable: tostring
// gives the message, == compares code and category (system and generic count as one), `togeneric`
// the portable form. Extra fields are free. Everything here may raise a Lua error (memory).
#pragma once

#include <lua.hpp>
#include <optional>
#include <string_view>
#include <system_error>

namespace emilua::lua {

// Pushes a fresh table for `error`; nil when it is no error.
void push(lua_State* L, std::error_code error);

// Pushes the userdata that stands for a category (always the same for one category in one VM).
void push_category(lua_State* L, const std::error_category& category);

// The code held by the value at `index`, if that is an undamaged error code.
[[nodiscard]] std::optional<std::error_code> to_error(lua_State* L, int index);

// True if the value at `index` is an error code equal to `error`.
[[nodiscard]] bool is_error(lua_State* L, int index, std::error_code error);

struct extra_field {
  const char* name;
  std::string_view text;  // used when not null,
  int number = 0;         // else this

  extra_field(const char* n, std::string_view t) : name(n), text(t) {}
  extra_field(const char* n, int v) : name(n), number(v) {}
};

void push(lua_State* L, std::error_code error, const extra_field& extra);
[[noreturn]] void raise(lua_State* L, std::error_code error);
[[noreturn]] void raise(lua_State* L, std::error_code error, const extra_field& extra);
[[noreturn]] void raise(lua_State* L, std::errc error);  // category generic

// A string error, with the position of the program's code that runs. Lua code of the engine itself,
// such as what wraps suspending functions, is passed over.
[[noreturn]] void raise_text(lua_State* L, const char* message);

// luaL_typerror and luaL_checknumber, with that position and with the name by which the program has
// called: for functions that suspend.
[[noreturn]] void raise_type(lua_State* L, int index, const char* expected);
[[nodiscard]] lua_Number check_number(lua_State* L, int index);

// The convention for wrong arguments: generic EINVAL with the field `arg`.
[[noreturn]] void raise_argument(lua_State* L, int position);
[[noreturn]] void raise_argument(lua_State* L, std::string_view option);

// The text to report for an uncaught error value: the string itself, an error code's message,
// otherwise empty. The view is valid while the result stays on top of the stack, where it is
// pushed.
std::string_view push_message(lua_State* L, int index);

}  // namespace emilua::lua
