#include "lib/fiber/globals.h"

#include <algorithm>
#include <iterator>

#include "lib/fiber/module_loader.h"
#include "lib/fiber/native_stack.h"
#include "lib/lua/core_error.h"
#include "lib/lua/embedded.h"
#include "lib/lua/error.h"

namespace emilua::fiber {

extern const std::span<const lua::embedded_module> runtime_modules;

namespace {

const char tag = 0;
const char globals_key = 0;  // registry: the table that environments are copied from
const char stacks_key = 0;   // registry: the cleanup handlers of each thread
const char root_key = 0;     // registry: the function that runs those of a root scope
const char ffi_key = 0;      // registry: the function that prepares the FFI library
const char text_key = 0;     // registry: globals for a VM that loads text only, until it is known

constexpr luaL_Reg libraries[] = {
    {"", luaopen_base},
    {LUA_TABLIBNAME, luaopen_table},
    {LUA_STRLIBNAME, luaopen_string},
    {LUA_MATHLIBNAME, luaopen_math},
    {LUA_BITLIBNAME, luaopen_bit},
    {LUA_JITLIBNAME, luaopen_jit},
};

int check_interruption(lua_State* L) {
  const fiber* f = vm::of(L).current();
  if (f != nullptr && f->interruption_requested && f->interruption_disabled == 0)
    lua::raise(L, lua::core_errc::interrupted);
  return 0;
}

void check_native_stack(lua_State* L) {
  if (!native_stack_is_deep()) return;
  lua_pushliteral(L, "C stack overflow");
  lua_error(L);
}

// enter_coroutine(co, busy): before a coroutine is resumed. From a place where this stack cannot be
// left, nothing below it may suspend the fiber either.
int enter_coroutine(lua_State* L) {
  check_interruption(L);
  if (lua_toboolean(L, 2)) lua::raise(L, std::errc::operation_not_permitted);
  check_native_stack(L);
  if (fiber* f = vm::of(L).current(); f != nullptr && (f->native_calls != 0 || !lua_isyieldable(L)))
    ++f->native_calls;
  return 0;
}

int leave_coroutine(lua_State* L) {
  if (fiber* f = vm::of(L).current(); f != nullptr && f->native_calls != 0) --f->native_calls;
  return 0;
}

int disable_interruption(lua_State* L) {
  if (fiber* f = vm::of(L).current()) ++f->interruption_disabled;
  return 0;
}

int restore_interruption(lua_State* L) {
  // A handler may have restored more than it had disabled.
  if (fiber* f = vm::of(L).current(); f != nullptr && f->interruption_disabled != 0)
    --f->interruption_disabled;
  return 0;
}

int raise_invalid_handler(lua_State* L) { lua::raise(L, std::errc::invalid_argument); }
int raise_unmatched(lua_State* L) { lua::raise(L, lua::core_errc::unmatched_scope_cleanup); }
int finalizer_failed(lua_State* L) {
  vm::of(L).process().log().report("Finalizer failed: ", lua::push_message(L, 1));
  return 0;
}

int cleanup_failed(lua_State* L) { return vm::of(L).fail_cleanup(L); }

bool on_fiber_stack(lua_State* L) {
  const fiber* f = vm::of(L).current();
  return f == nullptr || f->L == L;
}

int coroutine_yield(lua_State* L) {
  if (on_fiber_stack(L)) lua::raise(L, lua::core_errc::bad_coroutine);
  return lua_yield(L, lua_gettop(L));
}

int coroutine_running(lua_State* L) {
  if (on_fiber_stack(L))
    lua_pushnil(L);
  else
    lua_pushthread(L);
  return 1;
}

const lua::class_method natives[] = {
    {"check_interruption", check_interruption},
    {"enter_coroutine", enter_coroutine},
    {"leave_coroutine", leave_coroutine},
    {"coroutine_yield", coroutine_yield},
    {"coroutine_running", coroutine_running},
    {"disable_interruption", disable_interruption},
    {"restore_interruption", restore_interruption},
    {"raise_invalid_handler", raise_invalid_handler},
    {"raise_unmatched", raise_unmatched},
    {"cleanup_failed", cleanup_failed},
    {"finalizer_failed", finalizer_failed},
};

int require(lua_State* L) { return vm::of(L).loader().require(L); }

int spawn_context_threads(lua_State* L) {
  luaL_checktype(L, 1, LUA_TNUMBER);
  const double count = lua_tonumber(L, 1);
  // More than can be is as much as more than may be.
  const auto threads =
      count >= 1 ? static_cast<std::size_t>(std::min(count, pool::max_threads + 1.0)) : 0;
  if (const std::error_code error = vm::of(L).threads().add_threads(threads)) lua::raise(L, error);
  return 0;
}

// string.gsub, which calls back, has buffers of kilobytes on the C stack. The original is an
// upvalue.
int gsub(lua_State* L) {
  check_native_stack(L);
  return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

void replace_gsub(lua_State* L) {
  lua_getglobal(L, LUA_STRLIBNAME);
  lua_getfield(L, -1, "gsub");
  lua_pushcclosure(L, gsub, 1);
  lua_setfield(L, -2, "gsub");
  lua_pop(L, 1);
}

// std::exception that leaves a C function becomes a Lua error with its text; but no program goes on
// without memory.
int translate_exceptions(lua_State* L, lua_CFunction f) {
  try {
    return f(L);
  } catch (const std::bad_alloc&) {
    vm::of(L).memory_exhausted();
    lua_pushliteral(L, "not enough memory");
  } catch (const std::exception& e) {  // Lua's own errors are of no C++ type and pass
    lua_pushstring(L, e.what());
  }
  return lua_error(L);
}

// Leaves the runtime's table on the stack.
void load_runtime(lua_State* L) {
  lua::push_embedded(L, runtime_modules, "runtime");
  lua_pushlightuserdata(L, suspend_tag());
  lua::push_functions(L, natives);
  lua_call(L, 2, 1);
}

// Keeps a field of the runtime's table, at index 1, in the registry.
void set_registry(lua_State* L, const char* field, const char& key) {
  lua_pushlightuserdata(L, const_cast<char*>(&key));
  lua_getfield(L, 1, field);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

void get_registry(lua_State* L, const char& key) {
  lua_pushlightuserdata(L, const_cast<char*>(&key));
  lua_rawget(L, LUA_REGISTRYINDEX);
}

void copy_fields(lua_State* L, int from, int to) {
  lua_pushnil(L);
  while (lua_next(L, from) != 0) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, to);
  }
}

}  // namespace

void* suspend_tag() noexcept { return const_cast<char*>(&tag); }

void push_globals_copy(lua_State* L) {
  luaL_checkstack(L, 6, "environment");
  lua_createtable(L, 0, 64);
  const int to = lua_gettop(L);
  get_registry(L, globals_key);
  copy_fields(L, to + 1, to);
  lua_settop(L, to);
}

void push_ffi_guard(lua_State* L) { get_registry(L, ffi_key); }

lua_State* take_root_handlers(lua_State* L, int thread_ref, int& handlers_ref) {
  luaL_checkstack(L, 8, "handlers");
  const int top = lua_gettop(L);
  get_registry(L, stacks_key);
  lua_rawgeti(L, LUA_REGISTRYINDEX, thread_ref);
  lua_pushvalue(L, -1);
  lua_rawget(L, top + 1);
  lua_State* T = nullptr;
  if (lua_istable(L, -1) && lua_objlen(L, -1) != 0) {
    lua_pushvalue(L, top + 2);
    lua_pushnil(L);
    lua_rawset(L, top + 1);
    T = lua_newthread(L);
    handlers_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    get_registry(L, root_key);
    lua_pushvalue(L, top + 3);
    lua_xmove(L, T, 2);
  }
  lua_settop(L, top);
  return T;
}

void open_globals(lua_State* L, const builtins& names) {
  for (const luaL_Reg& library : libraries) {
    lua_pushcfunction(L, library.func);
    lua_pushstring(L, library.name);
    lua_call(L, 1, 0);
  }
  // Where memory cannot be made executable, the first trace would end the process.
  luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
  lua_settop(L, 0);
  replace_gsub(L);

  load_runtime(L);  // 1
  lua_getfield(L, 1, "suspending");
  lua::set_suspension_wrapper(L, 2);
  lua_pop(L, 1);
  lua_pushvalue(L, LUA_GLOBALSINDEX);  // 2
  set_registry(L, "stacks", stacks_key);
  set_registry(L, "run_root", root_key);
  set_registry(L, "guard_ffi", ffi_key);
  set_registry(L, "text_only", text_key);
  for (const char* name :
       {"newproxy", "pcall", "xpcall", "scope", "scope_cleanup_push", "scope_cleanup_pop"}) {
    lua_getfield(L, 1, name);
    lua_setfield(L, 2, name);
  }
  lua_getfield(L, 1, "coroutine");
  lua_setfield(L, 2, "coroutine");
  lua::push_function(L, {"require", require, true});
  lua_setfield(L, 2, "require");
  push_spawn(L);
  lua_setfield(L, 2, "spawn");
  lua_pushcfunction(L, spawn_context_threads);
  lua_setfield(L, 2, "spawn_context_threads");
  push_this_fiber(L);
  lua_setfield(L, 2, "this_fiber");
  for (const builtin_global& global : names.globals) {
    global.push(L);
    lua_setfield(L, 2, global.name);
  }
  lua_pushlightuserdata(L, const_cast<char*>(&globals_key));
  lua_pushvalue(L, 2);
  lua_rawset(L, LUA_REGISTRYINDEX);
  lua_settop(L, 0);
}

void fit_globals(vm& v, lua_State* L) {
  lua_pushlightuserdata(L, reinterpret_cast<void*>(&translate_exceptions));
  luaJIT_setmode(L, -1, LUAJIT_MODE_WRAPCFUNC | LUAJIT_MODE_ON);
  lua_settop(L, 0);
  if (v.process().may_make_machine_code())
    luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_ON);
  if (v.process().config().text_only) {
    get_registry(L, text_key);
    copy_fields(L, 1, LUA_GLOBALSINDEX);
    lua_settop(L, 0);
  }
  lua_pushlightuserdata(L, const_cast<char*>(&text_key));
  lua_pushnil(L);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

}  // namespace emilua::fiber
