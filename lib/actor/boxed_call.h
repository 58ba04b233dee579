// One call of a function that lives in an actor of its own, in a box: starts the actor, sends one
// message, takes one, and ends the process, whatever it is doing.
//
// The actor runs a few lines of ours first, which load its module and call the function that this
// returns; nothing that comes back is believed to be from them.
#pragma once

#include "lib/bindings/sandbox/box_caller.h"

namespace emilua::actor {

// For box:call(), without state.
[[nodiscard]] bindings::box_caller& boxed_calls() noexcept;

}  // namespace emilua::actor
