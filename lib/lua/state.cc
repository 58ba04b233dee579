#include "lib/lua/state.h"

#include <sys/mman.h>
#include <unistd.h>

#include <exception>
#include <new>

namespace emilua::lua {
namespace {

int call_guarded(lua_State* L, lua_CFunction f) {
  try {
    return f(L);
  } catch (const std::bad_alloc&) {
    lua_pushliteral(L, "not enough memory");
  } catch (const std::exception& e) {  // Lua's own errors are of no C++ type and pass
    lua_pushstring(L, e.what());
  }
  return lua_error(L);
}

// As LuaJIT makes it: written first, executable then.
bool machine_code_is_allowed() {
  const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* page = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return false;
  const bool allowed = ::mprotect(page, size, PROT_READ | PROT_EXEC) == 0;
  ::munmap(page, size);
  return allowed;
}

}  // namespace

state new_state() {
  state L{luaL_newstate()};
  if (L == nullptr) return L;
  if (!machine_code_is_allowed()) luaJIT_setmode(L.get(), 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
  translate_exceptions(L.get());
  return L;
}

void translate_exceptions(lua_State* L) {
  lua_pushlightuserdata(L, reinterpret_cast<void*>(&call_guarded));
  luaJIT_setmode(L, -1, LUAJIT_MODE_WRAPCFUNC | LUAJIT_MODE_ON);
  lua_pop(L, 1);
}

}  // namespace emilua::lua
