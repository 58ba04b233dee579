// The first steps of a new actor's process, in an order that matters.
//
// Runs in a clone of the helper: single-threaded, no allocation until the descriptors are in place.
// Every failure ends the process with status 1 and one line on standard error.
#pragma once

#include <absl/container/inlined_vector.h>

#include <array>

#include "lib/actor/spawn_helper.h"

namespace emilua::actor {

using source_numbers = absl::InlinedVector<int, 8>;

// Numbers in the child of what the request carried.
struct child_descriptors {
  int stdio[3];  // -1 where none was given
  int init_argument;
  int inbox;
  int config;      // -1: it is in the inbox
  int helper;      // the helper's process descriptor
  int own_helper;  // the socket to a helper of its own
  int cgroup;      // the cgroup.procs of the one to join
  source_numbers sources;
};

// Never returns: leads `life` and leaves with its result.
[[noreturn]] void become_actor(const child_descriptors& given, const stdio_mode (&modes)[3],
                               actor_life& life);

// The same for a program in a box: all of them, and the numbers where there is none -1.
struct program_descriptors {
  int config;
  int handshake;
  int program;
  std::array<int, 10> given;
  int helper;
  int cgroup;
  source_numbers sources;
};

// Never returns. Failures are told through the handshake.
[[noreturn]] void become_program(const program_descriptors& given, bool survives);

}  // namespace emilua::actor
