#include "lib/bindings/system/credentials.h"

#include <unistd.h>

#include <cstdio>

#include "lib/bindings/system/process_rules.h"
#include "lib/fiber/vm.h"
#include "lib/lua/error.h"

namespace emilua::bindings {
namespace {

const char* what_was_kept(ipc::credential_kind changed) {
  switch (changed) {
    case ipc::credential_kind::working_directory:
      return "a working directory";
    case ipc::credential_kind::file_mask:
      return "a file mask";
    default:
      return "credentials";
  }
}

}  // namespace

void check_master(lua_State* L) {
  if (!fiber::vm::of(L).is_master()) lua::raise(L, std::errc::operation_not_permitted);
}

void change_credentials(lua_State* L, const ipc::credential_change& change) {
  if (const auto made = ipc::apply(change); !made) lua::raise(L, made.error());
  repeat_in_helper(L, change);
}

void repeat_in_helper(lua_State* L, const ipc::credential_change& change) {
  auto* follower = fiber::vm::of(L).process().find<ipc::credential_follower>();
  if (follower == nullptr) return;
  if (const auto followed = follower->follow(change); !followed) {
    ::dprintf(2, "emilua: the process of the actors kept %s that this one gave up: %s\n",
              what_was_kept(change.what), followed.error().message().c_str());
    ::_exit(1);
  }
}

void set_master_rules(lua_State* L) {
  static constexpr process_rules rules{.check = check_master, .follow = repeat_in_helper};
  set_process_rules(L, rules);
}

}  // namespace emilua::bindings
