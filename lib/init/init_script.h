// Runs an init.script: trusted Lua that turns a fresh process's ambient authority off.
//
//   run_init_script({.script = text, .argument = fd, .fatal = report_and_exit});
//   // here the script has ended well; anything else has gone to report_and_exit
//
// The script runs in a Lua state of its own, with the standard libraries, the table `C`, `errexit`,
// `arg` and the helpers of the init.script interface. All its memory, the text included, is one
// arena that is mapped before and erased and unmapped after the run; there is no garbage collection
// and no use of the process's heap (but by stdio and libcap, when the script calls them), so that
// nothing the script read can be found later. The JIT is off. A failing call is fatal unless the
// script has set `errexit` to false.
//
// The caller is single-threaded.
#pragma once

#include <cstddef>
#include <lua.hpp>
#include <string_view>

namespace emilua::init {

inline constexpr std::size_t arena_size = std::size_t{1} << 20;

struct init_script_request {
  std::string_view script;            // source text, never bytecode
  int argument = -1;                  // the global `arg`, or -1 for nil
  const char* name = "=init.script";  // of the chunk, as luaL_loadbuffer has it
  std::size_t memory = arena_size;    // what the script can have in all
  bool keep_stack = false;            // the caller sees to erase_stack(), or executes a program
  bool output_matters = false;        // what it has printed and cannot be written is its failure

  // Adds to what the script finds; in the script's memory. May raise Lua errors.
  void (*prepare)(lua_State* L) = nullptr;

  // Called when everything is ready, before the first line runs.
  void (*begin)(void* with) = nullptr;
  void* with = nullptr;

  // Told of the failure that ends the script, in one line such as
  // "ipc_actor/init: Permission denied" or "ipc_actor/init/script: init.script:3: oops".
  // Must not return: the process is half-restricted. `message` lives in the arena.
  void (*fatal)(std::string_view message) = nullptr;
};

// Returns only when the script has run to its end, with its memory erased.
void run_init_script(const init_script_request& request);

// What `fatal` is told, without "ipc_actor/init": for those who are no actors.
[[nodiscard]] std::string_view plain_message(std::string_view message) noexcept;

// Overwrites what a run has left on the stack, below the caller's frame.
void erase_stack() noexcept;

}  // namespace emilua::init
