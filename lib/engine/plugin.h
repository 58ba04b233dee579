// The interface of native plugins: modules in C or C++, for the dynamically linked engine.
//
//   #include "lib/engine/plugin.h"
//
//   static int open_zip(lua_State* L) {
//     lua_createtable(L, 0, 1);
//     lua_pushcfunction(L, crc32_of);
//     lua_setfield(L, -2, "crc32");
//     return 0;
//   }
//
//   const struct emilua_plugin EMILUA_PLUGIN = {.open_vm = open_zip};
//
// Built as libzip.so (-shared -fPIC) into a directory of EMILUA_PATH, `require 'zip'` gives that
// table. The library is not linked with Lua: it finds lua_*, luaL_* and luaJIT_* in the executable.
//
// A text file zip.deps beside it names plugins, one on a line, that come first: their first two
// hooks run before libzip.so is loaded. A cycle makes the import fail. Plugins do not see each
// other's symbols, unless one is linked with the other: it then finds it loaded, by its soname.
//
// The hooks are called in the order of their members, in the thread that imports; each may be null.
// The first two are called by one thread at a time, and no C++ exception may leave them. A library
// that was loaded stays until the process ends.
#ifndef EMILUA_ENGINE_PLUGIN_H
#define EMILUA_ENGINE_PLUGIN_H

#ifdef __cplusplus
#include <lua.hpp>
#else
#include <lauxlib.h>
#include <lua.h>
#endif

// Names the version of the engine: another version finds no such symbol, and loads nothing.
#define EMILUA_PLUGIN emilua_plugin_0_1_0

#ifdef __cplusplus
extern "C" {
#endif

struct emilua_plugin {
  // Once in a process.
  void (*init_process)(void);

  // Once or more for each event loop whose VMs import the plugin. `event_loop` is a
  // boost::asio::io_context*, for those who know which Boost the engine was built with. Returns 0,
  // or an errno value that `require` raises.
  int (*init_event_loop)(void* event_loop);

  // Once in a VM: pushes what `require` returns, a table. May not suspend the fiber, nor call
  // functions that do. Returns 0, or an errno value that `require` raises; a Lua error is raised as
  // it is. The next import then tries again. A plugin without this hook can only be depended on:
  // `require` raises internal_module.
  int (*open_vm)(lua_State* L);
};

// What a plugin defines, and all that it need export.
extern const struct emilua_plugin EMILUA_PLUGIN __attribute__((visibility("default")));

#ifdef __cplusplus
}
#endif

#endif
