#include "lib/lua/state.h"

#include <sys/mman.h>
#include <unistd.h>

#include <exception>
#include <new>

namespace emilua::lua {
namespace {

int translate_exceptions(lua_State* L, lua_CFunction f) {
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
  lua_pushlightuserdata(L.get(), reinterpret_cast<void*>(&translate_exceptions));
  luaJIT_setmode(L.get(), -1, LUAJIT_MODE_WRAPCFUNC | LUAJIT_MODE_ON);
  lua_settop(L.get(), 0);
  return L;
}

}  // namespace emilua::lua
