// The first steps of a new actor's process, in an order that matters.
//
// Runs in a clone of the helper: single-threaded, no allocation until the descriptors are in place.
// Every failure ends the process with status 1 and one line on standard error.
#pragma once

#include "lib/actor/spawn_helper.h"

namespace emilua::actor {

// Numbers in the child of what the request carried.
struct child_descriptors {
  int stdio[3];  // -1 where none was given
  int init_argument;
  int inbox;
  int config;
  int helper;  // the helper's process descriptor
};

// Never returns: runs `run` and leaves with its result.
[[noreturn]] void become_actor(const child_descriptors& given, const stdio_mode (&modes)[3],
                               spawn_helper::actor_main run);

}  // namespace emilua::actor
