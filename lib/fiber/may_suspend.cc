#include "lib/fiber/may_suspend.h"

#include "lib/fiber/vm.h"

namespace emilua::fiber {

bool may_suspend(lua_State* L) noexcept {
  const fiber* f = vm::of(L).current();
  if (f == nullptr || f->suspension_forbidden != 0) return false;
  if (f->interruption_requested && f->interruption_disabled == 0) return false;
  return f->native_calls == 0 && lua_isyieldable(L) != 0;
}

}  // namespace emilua::fiber
