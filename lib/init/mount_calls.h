// The functions of the newer mount interface that take more than paths and numbers.
//
//   C.mount_setattr(dirfd, "", bit.bor(C.AT_EMPTY_PATH, C.AT_RECURSIVE),
//                   {attr_set = C.MOUNT_ATTR_RDONLY, propagation = C.MS_PRIVATE})
//   C.fsconfig(fs, C.FSCONFIG_SET_STRING, "size", "8m", 0)
#pragma once

#include <lua.hpp>

namespace emilua::init {

// A nil path is the empty one, which AT_EMPTY_PATH wants. A misspelt attribute is a Lua error.
int c_mount_setattr(lua_State* L);

// A nil key or value is NULL. The value is a text but with FSCONFIG_SET_BINARY, where `aux` is its
// size: at most that of the string, which is the default.
int c_fsconfig(lua_State* L);

}  // namespace emilua::init
