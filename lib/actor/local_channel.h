// tx-channel: the sending handle of an actor in this process.
#pragma once

#include <lua.hpp>
#include <optional>

#include "lib/actor/mailbox.h"
#include "lib/lua/class.h"

namespace emilua::actor {

struct local_channel {
  std::optional<address> to;  // empty once closed
};

void push_local_channel(lua_State* L, address to);

}  // namespace emilua::actor

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::actor::local_channel>();
