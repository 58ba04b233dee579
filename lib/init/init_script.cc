// The functions that can raise a Lua error own nothing, and nothing between the start and the end
// of a run that ends well uses the process's heap (but stdio and libcap, when the script uses
// them).
#include "lib/init/init_script.h"

#include <fcntl.h>

#include <cstdio>
#include <cstring>
#include <lua.hpp>

#include "lib/base/bytes.h"
#include "lib/init/call.h"
#include "lib/init/constants.h"
#include "lib/init/helpers.h"
#include "lib/init/posix_calls.h"

namespace emilua::init {
namespace {

constexpr std::string_view script_prefix = "ipc_actor/init/script: ";

// lua_Alloc over the arena. It never answers "no memory", for Lua would turn that into an error
// that the script could catch.
void* allocate(void* self, void* block, std::size_t old_size, std::size_t new_size) {
  if (new_size == 0) return nullptr;
  return static_cast<executor*>(self)->resize(block, old_size, new_size);
}

[[noreturn]] void fail_with_top(lua_State* L) {
  executor& run = executor_of(L);
  if (!lua_isstring(L, -1)) luaL_callmeta(L, -1, "__tostring");
  if (lua_isstring(L, -1)) run.fail({script_prefix, check_bytes(L, -1)});
  run.fail({script_prefix, "(error object is a ", luaL_typename(L, -1), " value)"});
}

int panic(lua_State* L) { fail_with_top(L); }

// C's __index. Nothing is stored: each access makes its value.
int index_c(lua_State* L) {
  if (lua_type(L, 2) == LUA_TSTRING) {
    const std::string_view name = check_bytes(L, 2);
    if (const lua_CFunction call = find_c_function(name)) {
      lua_pushcfunction(L, call);
      return 1;
    }
    if (const constant* found = find_c_constant(name)) {
      lua_pushinteger(L, static_cast<lua_Integer>(found->value));
      return 1;
    }
  }
  return raise(L, "key not found");
}

void set_globals(lua_State* L, int argument) {
  lua_newtable(L);
  lua_newtable(L);
  lua_pushcfunction(L, index_c);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
  lua_setglobal(L, "C");

  lua_pushboolean(L, 1);
  lua_setglobal(L, "errexit");
  if (argument != -1) {
    lua_pushinteger(L, argument);
    lua_setglobal(L, "arg");
  }
  for (const function& entry : global_functions()) {
    lua_pushcfunction(L, entry.call);
    lua_setglobal(L, entry.name.data());  // the tables hold literals
  }
}

lua_State* make_state(executor& run) {
  lua_State* const L = lua_newstate(allocate, &run);
  if (L == nullptr) run.fail({"ipc_actor/init/alloc: no Lua state"});
  lua_atpanic(L, panic);
  lua_gc(L, LUA_GCSTOP, 0);
  luaL_openlibs(L);
  // After openlibs, which switches it on. Machine code would lie outside of the arena.
  luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
  return L;
}

// What print() and its like have written is out, or it is told why not.
void finish_output(executor& run) {
  int error = std::fflush(stdout) == 0 ? 0 : errno;
  // Of what has failed before, nobody has kept the reason.
  if (error == 0 && std::ferror(stdout) != 0) error = EIO;
  if (error != 0) run.fail({"ipc_actor/init: standard output: ", ::strerrordesc_np(error)});
}

// In a frame of its own, below the one that erases the stack.
[[gnu::noinline]] void run_in_arena(const init_script_request& request) {
  executor run{request.memory, request.fatal};
  if (request.script.empty()) run.fail({script_prefix, "empty script"});
  // Whatever happens to the descriptor's number, the programs that the script starts do not get it.
  if (request.argument != -1 && ::fcntl(request.argument, F_SETFD, FD_CLOEXEC) == -1)
    run.fail({"ipc_actor/init: arg: ", ::strerrordesc_np(errno)});

  const std::size_t size = request.script.size();
  char* const text = static_cast<char*>(run.allocate(size));
  std::memcpy(text, request.script.data(), size);

  lua_State* const L = make_state(run);
  set_globals(L, request.argument);
  if (request.prepare != nullptr) request.prepare(L);
  // "t": bytecode can break the interpreter.
  if (luaL_loadbufferx(L, text, size, request.name, "t") != 0) fail_with_top(L);
  if (request.begin != nullptr) request.begin(request.with);
  if (lua_pcall(L, 0, 0, 0) != 0) fail_with_top(L);

  // Closes the files that the script left open: stdio would write their buffers out when the
  // process ends, by descriptor numbers that mean something else by then.
  lua_close(L);
  if (request.output_matters) finish_output(run);
  (void)std::fflush(nullptr);
}

}  // namespace

std::string_view plain_message(std::string_view message) noexcept {
  constexpr std::string_view actor = "ipc_actor/init", call = ": ", step = "/";
  for (const std::string_view part : {actor, script_prefix.substr(actor.size()), call, step})
    if (message.starts_with(part)) {
      message.remove_prefix(part.size());
      if (part != actor) break;
    }
  return message;
}

// Copies of the script's strings are there: string.gsub and others work in buffers of 8 KiB.
[[gnu::noinline]] void erase_stack() noexcept {
  char below[128 * 1024];
  base::secure_erase(below, sizeof below);
}

void run_init_script(const init_script_request& request) {
  run_in_arena(request);
  if (!request.keep_stack) erase_stack();
}

}  // namespace emilua::init
