// What box:call() needs of actors, which lie above this room: the engine provides it.
#pragma once

#include <chrono>
#include <lua.hpp>
#include <memory>
#include <optional>

#include "lib/bindings/sandbox/handshake.h"

namespace emilua::bindings {

struct box_call {
  int options;   // index of a table as spawn_vm takes it, made by box:context()
  int argument;  // index of the value that is sent
  std::shared_ptr<handshake_in_progress> talk;
  std::optional<std::chrono::nanoseconds> timeout;
};

class box_caller {
 public:
  // The body of a suspending function.
  [[nodiscard]] virtual int call(lua_State* L, const box_call& call) = 0;

 protected:
  ~box_caller() = default;
};

}  // namespace emilua::bindings
