// What LuaJIT asks the processor about, for each Lua state anew: asked once for all of them.
//
//   lua::learn_cpuid();      // before any fork: children then know it too
//
// CPUID is an instruction that virtual machines cannot run themselves. The host answers it, in five
// or more microseconds, three times for each state: a fifth of the time that it takes to make one.
// Linking this library is enough; where LuaJIT comes as a shared library, nothing changes.
#pragma once

namespace emilua::lua {

// May be called again, and by many threads.
void learn_cpuid() noexcept;

}  // namespace emilua::lua
