#include "lib/fiber/fresh_state.h"

#include <new>
#include <utility>

#include "lib/fiber/globals.h"

namespace emilua::fiber {

fresh_state::fresh_state(const builtins& names) : state_(lua_newstate(&allocate, this)) {
  if (state_ == nullptr) throw std::bad_alloc{};
  const auto open = [](lua_State* L) {
    // What is made here stays: collecting garbage meanwhile would find none.
    lua_gc(L, LUA_GCSTOP, 0);
    const auto& given = *static_cast<const builtins*>(lua_touserdata(L, 1));
    lua_settop(L, 0);
    open_globals(L, given);
    return 0;
  };
  if (lua_cpcall(state_, open, const_cast<builtins*>(&names)) == 0) return;
  lua_close(state_);
  throw std::bad_alloc{};
}

fresh_state::~fresh_state() {
  if (state_ != nullptr) lua_close(state_);
}

void fresh_state::settle() {
  // LuaJIT's table of strings doubles, and every string is written to, where there are more of them
  // than it has rows: now, and for a small program not again. Garbage is left where it is: what
  // would be kept of it, and used again, is strewn over all the memory.
  const auto grow = [](lua_State* L) {
    constexpr int jump = 1024, most = 10000;
    const auto bytes = [&] {
      return lua_gc(L, LUA_GCCOUNT, 0) * 1024 + lua_gc(L, LUA_GCCOUNTB, 0);
    };
    int before = bytes();
    for (int i = 0; i < most; ++i) {
      lua_pushfstring(L, "%d", i);
      lua_pop(L, 1);
      const int now = bytes();
      if (now - before >= jump) break;
      before = now;
    }
    return 0;
  };
  if (lua_cpcall(state_, grow, nullptr) != 0) throw std::bad_alloc{};
}

void* fresh_state::allocate(void* self, void* block, std::size_t old_size,
                            std::size_t new_size) noexcept {
  return static_cast<fresh_state*>(self)->blocks_.resize(block, old_size, new_size);
}

}  // namespace emilua::fiber
