// What the process that calls may do from now on: limits, prctl(2), system call filters.
//
//   C.setrlimit(C.RLIMIT_NOFILE, {rlim_cur = 64, rlim_max = 64})
//   local limit = C.getrlimit(C.RLIMIT_AS)       // {rlim_cur = …, rlim_max = …}; -1: RLIM_INFINITY
//   C.prctl(C.PR_SET_DUMPABLE, 0)
//   C.seccomp_set_mode_filter(filter)            // an array of struct sock_filter, as a string
#pragma once

#include <lua.hpp>

namespace emilua::init {

int c_getrlimit(lua_State* L);
int c_setrlimit(lua_State* L);

// The options whose arguments are numbers, and PR_SET_NAME. Any other one is a Lua error: it could
// hand an address to the kernel.
int c_prctl(lua_State* L);

// Needs no_new_privs or CAP_SYS_ADMIN. Bytes behind the last whole record are ignored.
int c_seccomp_set_mode_filter(lua_State* L);

}  // namespace emilua::init
