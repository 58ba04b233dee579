// The global environment of a VM, and what scheduler and environment know of each other.
#pragma once

#include <lua.hpp>

#include "lib/fiber/vm.h"

namespace emilua::fiber {

// Opens the standard libraries that programs keep, replaces and adds globals. The state belongs to
// no VM yet: nothing that is called may ask for its VM.
void open_globals(lua_State* L, const builtins& names);

// Does with a state that has its globals what depends on the process of its VM. Once per VM.
void fit_globals(vm& v, lua_State* L);

// Pushes a fresh table with the VM's globals: the start of a module's environment.
void push_globals_copy(lua_State* L);

// What a fiber yields when it suspends; no program can make this value.
[[nodiscard]] void* suspend_tag() noexcept;

// Pushes the functions that make and describe fibers: spawn and this_fiber.
void push_spawn(lua_State* L);
void push_this_fiber(lua_State* L);

// Pushes the function that makes the finalizers of the FFI library harmless; see runtime.lua.
void push_ffi_guard(lua_State* L);

// Takes the handlers of a thread's root scope: returns the thread, kept in the registry, that runs
// them when it is resumed with one argument; null if there are none. L is any other stack: that of
// a body that has failed may be full.
[[nodiscard]] lua_State* take_root_handlers(lua_State* L, int thread_ref, int& handlers_ref);

// Hands a finished fiber's results to the fiber that joins it.
void wake_joiner(vm& v, fiber& finished);

}  // namespace emilua::fiber
