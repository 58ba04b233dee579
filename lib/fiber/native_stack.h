// How much of its C stack a thread has used.
//
// A Lua stack is bounded, but each resumption of a coroutine, which has one of its own, and each
// native function that calls back takes some of the thread's C stack, whose overflow is a SIGSEGV.
// What may be nested without end asks here first and raises an error instead.
#pragma once

namespace emilua::fiber {

// Half of the stack is used, counted from the outermost place where this thread has asked: before
// programs run, somebody should. The other half is for what is bounded by the Lua stack alone.
[[nodiscard]] bool native_stack_is_deep() noexcept;

}  // namespace emilua::fiber
