// The functions that can raise a Lua error own nothing while they do.
#include "lib/init/process_calls.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string_view>

#include "lib/init/call.h"

namespace emilua::init {
namespace {

void set_limit_field(lua_State* L, const char* name, rlim_t limit) {
  lua_pushnumber(L, limit == RLIM_INFINITY ? -1 : static_cast<lua_Number>(limit));
  lua_setfield(L, -2, name);
}

constexpr int options_of_numbers[] = {
    PR_GET_DUMPABLE,    PR_GET_KEEPCAPS,   PR_GET_NO_NEW_PRIVS,
    PR_GET_SECCOMP,     PR_GET_SECUREBITS, PR_GET_SPECULATION_CTRL,
    PR_GET_THP_DISABLE, PR_GET_TIMERSLACK, PR_SET_CHILD_SUBREAPER,
    PR_SET_DUMPABLE,    PR_SET_KEEPCAPS,   PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,   PR_SET_PTRACER,    PR_SET_SPECULATION_CTRL,
    PR_SET_THP_DISABLE, PR_SET_TIMERSLACK, PR_SET_TSC,
};

}  // namespace

int c_getrlimit(lua_State* L) {
  const unsigned resource = check_word(L, 1);
  rlimit limit{};
  const int error = ::getrlimit(static_cast<__rlimit_resource>(resource), &limit) == -1 ? errno : 0;
  if (error != 0) {
    honour_errexit(L, "getrlimit", error);
    lua_pushnil(L);
  } else {
    lua_createtable(L, 0, 2);
    set_limit_field(L, "rlim_cur", limit.rlim_cur);
    set_limit_field(L, "rlim_max", limit.rlim_max);
  }
  lua_pushinteger(L, error);
  return 2;
}

int c_setrlimit(lua_State* L) {
  constexpr const char* invalid = "invalid rlimit";
  const unsigned resource = check_word(L, 1);
  std::uint64_t current = 0, most = 0;
  // Half a limit is no default: it would be 0 or unlimited.
  if (check_fields(L, 2, {{"rlim_cur", current}, {"rlim_max", most}}, invalid) != 2)
    raise(L, invalid);
  const rlimit limit{.rlim_cur = current, .rlim_max = most};
  return push_result(L, "setrlimit", ::setrlimit(static_cast<__rlimit_resource>(resource), &limit));
}

int c_prctl(lua_State* L) {
  const int option = check_int(L, 1);
  if (option == PR_SET_NAME) return push_result(L, "prctl", ::prctl(PR_SET_NAME, check_text(L, 2)));
  if (std::ranges::find(options_of_numbers, option) == std::end(options_of_numbers))
    raise(L, "invalid argument 1");
  std::uint64_t values[4] = {};
  for (int i = 0; i < 4; ++i)
    if (!lua_isnoneornil(L, i + 2)) values[i] = check_long(L, i + 2);
  return push_result(L, "prctl", ::prctl(option, values[0], values[1], values[2], values[3]));
}

int c_seccomp_set_mode_filter(lua_State* L) {
  static_assert(sizeof(sock_filter) == 8);
  const std::string_view bytes = check_bytes(L, 1);
  const std::size_t count = bytes.size() / sizeof(sock_filter);
  // The kernel's own limit, asked for here since its counter has only 16 bits.
  if (count > BPF_MAXINSNS) return push_result(L, "seccomp_set_mode_filter", -1, EINVAL);
  // The kernel only reads it.
  auto* const filter = reinterpret_cast<sock_filter*>(const_cast<char*>(bytes.data()));
  const sock_fprog program{.len = static_cast<unsigned short>(count), .filter = filter};
  return push_result(L, "seccomp_set_mode_filter",
                     ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0));
}

}  // namespace emilua::init
