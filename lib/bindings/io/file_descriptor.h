// file_descriptor: a descriptor as a Lua value, with no operations of its own but dup and close.
#pragma once

#include <lua.hpp>

#include "lib/base/unique_fd.h"
#include "lib/lua/class.h"

namespace emilua::bindings {

struct file_descriptor {
  base::unique_fd fd;
};

void push_file_descriptor(lua_State* L, base::unique_fd fd);

// Takes the descriptor of the object at `index`, which is inert afterwards. EINVAL with arg = index
// for anything else.
[[nodiscard]] base::unique_fd take_file_descriptor(lua_State* L, int index);

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::file_descriptor>();
