// The capability functions of the table `C`, over libcap: texts and names as in cap_from_text(3).
// A text or a name that means nothing is fatal whatever `errexit` says, for nothing would have been
// dropped; what the kernel refuses follows errexit.
//
//   C.cap_drop_bound("cap_sys_admin")
//   C.cap_set_ambient("cap_net_bind_service", true)     // permitted and inheritable before
//   C.cap_reset_ambient()
//   C.cap_set_secbits(bit.bor(C.SECBIT_NOROOT, C.SECBIT_NOROOT_LOCKED))
//   C.cap_set_proc("=")                                 // none is left
//
// libcap works in the process's heap, which is not erased: nothing of it is secret.
#pragma once

#include <lua.hpp>

namespace emilua::init {

int c_cap_drop_bound(lua_State* L);
int c_cap_reset_ambient(lua_State* L);
int c_cap_set_ambient(lua_State* L);
int c_cap_set_proc(lua_State* L);
int c_cap_set_secbits(lua_State* L);

}  // namespace emilua::init
