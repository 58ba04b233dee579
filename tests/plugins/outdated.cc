// A plugin for another version of the engine.
#include "lib/engine/plugin.h"

namespace {

int open_module(lua_State* L) {
  lua_createtable(L, 0, 0);
  return 0;
}

}  // namespace

extern "C" const emilua_plugin emilua_plugin_0_0_1 __attribute__((visibility("default")));
const emilua_plugin emilua_plugin_0_0_1 = {
    .init_process = nullptr, .init_event_loop = nullptr, .open_vm = open_module};
