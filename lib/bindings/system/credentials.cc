#include "lib/bindings/system/credentials.h"

#include <unistd.h>

#include <cstdio>

#include "lib/fiber/vm.h"
#include "lib/lua/error.h"

namespace emilua::bindings {

void change_credentials(lua_State* L, const ipc::credential_change& change) {
  if (const auto made = ipc::apply(change); !made) lua::raise(L, made.error());
  auto* follower = fiber::vm::of(L).process().find<ipc::credential_follower>();
  if (follower == nullptr) return;
  if (const auto followed = follower->follow(change); !followed) {
    ::dprintf(2, "emilua: the process of the actors kept credentials that this one gave up: %s\n",
              followed.error().message().c_str());
    ::_exit(1);
  }
}

}  // namespace emilua::bindings
