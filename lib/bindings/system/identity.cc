#include "lib/bindings/system/identity.h"

#include <signal.h>
#include <unistd.h>

#include <vector>

#include "lib/base/error.h"
#include "lib/bindings/system/arguments.h"
#include "lib/bindings/system/credentials.h"
#include "lib/lua/error.h"

namespace emilua::bindings {
namespace {

int push_id(lua_State* L, pid_t id) {
  lua_pushinteger(L, id);
  return 1;
}

// One result, or errno.
int push_checked(lua_State* L, pid_t id) {
  if (id == -1) lua::raise(L, base::last_error());
  return push_id(L, id);
}

int finish(lua_State* L, int result) {
  if (result == -1) lua::raise(L, base::last_error());
  return 0;
}

int getpid(lua_State* L) { return push_id(L, ::getpid()); }
int getppid(lua_State* L) { return push_id(L, ::getppid()); }
int getpgrp(lua_State* L) { return push_id(L, ::getpgrp()); }
int getpgid(lua_State* L) { return push_checked(L, ::getpgid(check_integer(L, 1))); }
int getsid(lua_State* L) { return push_checked(L, ::getsid(check_integer(L, 1))); }

int setpgid(lua_State* L) {
  check_master(L);
  const pid_t pid = check_integer(L, 1);
  return finish(L, ::setpgid(pid, check_integer(L, 2)));
}

int setsid(lua_State* L) {
  check_master(L);
  return push_checked(L, ::setsid());
}

int kill(lua_State* L) {
  check_master(L);
  const pid_t pid = check_integer(L, 1);
  return finish(L, ::kill(pid, check_integer(L, 2)));
}

// Real, effective, saved.
template <auto Get>
int get_ids(lua_State* L) {
  id_t ids[3];
  if (Get(&ids[0], &ids[1], &ids[2]) == -1) lua::raise(L, base::last_error());
  for (const id_t id : ids) lua_pushnumber(L, id);
  return 3;
}

template <ipc::credential_kind Kind>
int set_ids(lua_State* L) {
  check_master(L);
  const id_t real = check_id(L, 1), effective = check_id(L, 2);
  change_credentials(L, {.what = Kind, .values = {real, effective, check_id(L, 3)}});
  return 0;
}

int getgroups(lua_State* L) {
  std::vector<gid_t> groups;
  int count;
  // Another thread may change them between the two questions.
  do {
    count = ::getgroups(0, nullptr);
    if (count == -1) lua::raise(L, base::last_error());
    groups.resize(static_cast<std::size_t>(count));
    count = ::getgroups(count, groups.data());
  } while (count == -1 && errno == EINVAL);
  if (count == -1) lua::raise(L, base::last_error());
  lua_createtable(L, count, 0);
  for (int i = 0; i < count; ++i) {
    lua_pushnumber(L, groups[static_cast<std::size_t>(i)]);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

int setgroups(lua_State* L) {
  check_master(L);
  luaL_checktype(L, 1, LUA_TTABLE);
  ipc::credential_change change{.what = ipc::credential_kind::groups};
  for (int i = 1;; ++i) {
    lua_rawgeti(L, 1, i);
    if (lua_isnil(L, -1)) break;
    const auto id =
        lua_type(L, -1) == LUA_TNUMBER ? to_integer<id_t>(lua_tonumber(L, -1)) : std::nullopt;
    if (!id) lua::raise_argument(L, 2);  // as programs know it
    change.groups.push_back(*id);
    lua_pop(L, 1);
  }
  change_credentials(L, change);
  return 0;
}

// Jails are FreeBSD's.
int no_jails(lua_State* L) { lua::raise(L, std::errc::function_not_supported); }

const lua::class_method functions[] = {
    {"getpid", getpid},
    {"getppid", getppid},
    {"getpgrp", getpgrp},
    {"getpgid", getpgid},
    {"setpgid", setpgid},
    {"getsid", getsid},
    {"setsid", setsid},
    {"getresuid", get_ids<::getresuid>},
    {"getresgid", get_ids<::getresgid>},
    {"setresuid", set_ids<ipc::credential_kind::user_ids>},
    {"setresgid", set_ids<ipc::credential_kind::group_ids>},
    {"getgroups", getgroups},
    {"setgroups", setgroups},
    {"kill", kill},
    {"jail_set", no_jails},
    {"jail_get", no_jails},
    {"jail_remove", no_jails},
    {"jailparam_all", no_jails},
};

}  // namespace

std::span<const lua::class_method> identity_functions() noexcept { return functions; }

}  // namespace emilua::bindings
