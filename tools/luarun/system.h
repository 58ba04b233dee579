// The module `system`, as far as a program without an event loop can have it: the standard streams
// in_, out and err, whose operations block; arguments, environment, exit.
#pragma once

#include <lua.hpp>
#include <string>
#include <vector>

namespace emilua::luarun {

// What the module will show; must outlive the state.
struct process {
  std::vector<std::string> arguments;
  char** environment;
};

void set_process(lua_State* L, const process& p);
void push_system(lua_State* L);

}  // namespace emilua::luarun
