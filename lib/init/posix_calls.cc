// Argument lists are built in the arena: nothing here uses the process's heap. The functions that
// can raise a Lua error own nothing.
#include "lib/init/posix_calls.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "lib/base/file.h"
#include "lib/base/signals.h"
#include "lib/init/capability_calls.h"
#include "lib/init/landlock_calls.h"
#include "lib/init/mount_calls.h"
#include "lib/init/process_calls.h"

namespace emilua::init {
namespace {

// --- descriptors ----------------------------------------------------------

// A short read is legal: one bound for all keeps a careless size from costing the whole arena.
constexpr std::size_t largest_read = 64 * 1024;

int c_read(lua_State* L) {
  const int fd = check_int(L, 1);
  const std::size_t size = std::min(check_size(L, 2), largest_read);
  char* const data = executor_of(L).buffer(size).data();
  const ssize_t n = base::retry([&] { return ::read(fd, data, size); });
  const int error = n == -1 ? errno : 0;
  if (n == -1) {
    honour_errexit(L, "read", error);
    lua_pushnil(L);
  } else {
    lua_pushlstring(L, data, static_cast<std::size_t>(n));
  }
  lua_pushinteger(L, error);
  return 2;
}

int c_write(lua_State* L) {
  const int fd = check_int(L, 1);
  const std::string_view data = check_bytes(L, 2);
  return push_result(L, "write",
                     base::retry([&] { return ::write(fd, data.data(), data.size()); }));
}

int c_open(lua_State* L) {
  const char* const path = check_text(L, 1);
  const int flags = check_int(L, 2);
  const mode_t mode = lua_isnoneornil(L, 3) ? 0 : check_word(L, 3);
  return push_result(L, "open", base::retry([&] { return ::open(path, flags, mode); }));
}

int c_closefrom(lua_State* L) {
  const int first = std::max(check_int(L, 1), 0);  // as in C: below zero is all
  const base::result<> closed = base::close_from(static_cast<unsigned>(first));
  if (!closed) honour_errexit(L, "closefrom", closed.error().value());
  return 0;
}

// --- files and mounts -----------------------------------------------------

int c_umask(lua_State* L) {
  lua_pushinteger(L, ::umask(check_word(L, 1)));  // cannot fail: one result
  return 1;
}

// The kernel's own ranges: what lies above them is cut off by mknod(2), and inexact in Lua.
int c_makedev(lua_State* L) {
  constexpr unsigned largest_major = 0xfff;
  constexpr unsigned largest_minor = 0xfffff;
  const unsigned major_number = check_word(L, 1);
  const unsigned minor_number = check_word(L, 2);
  if (major_number > largest_major || minor_number > largest_minor)
    return push_result(L, "makedev", -1, EINVAL);
  const dev_t device = ::gnu_dev_makedev(major_number, minor_number);
  return push_result(L, "makedev", static_cast<lua_Integer>(device), 0);
}

int c_mknod(lua_State* L) {
  const char* const path = check_text(L, 1);
  const mode_t mode = check_word(L, 2);
  const dev_t device = lua_isnoneornil(L, 3) ? 0 : check_size(L, 3);
  return push_result(L, "mknod", ::mknod(path, mode, device));
}

int c_mount(lua_State* L) {
  const char* const source = check_text_or_nil(L, 1);
  const char* const target = check_text(L, 2);
  const char* const type = check_text_or_nil(L, 3);
  const unsigned long flags = check_word(L, 4);
  const char* const data = check_text_or_nil(L, 5);
  return push_result(L, "mount", ::mount(source, target, type, flags, data));
}

int pivot_root(const char* new_root, const char* put_old) {
  return static_cast<int>(::syscall(SYS_pivot_root, new_root, put_old));
}

// --- identity -------------------------------------------------------------

int c_sethostname(lua_State* L) {
  const std::string_view name = check_bytes(L, 1);
  return push_result(L, "sethostname", ::sethostname(name.data(), name.size()));
}

int c_setdomainname(lua_State* L) {
  const std::string_view name = check_bytes(L, 1);
  return push_result(L, "setdomainname", ::setdomainname(name.data(), name.size()));
}

// Wrong elements are fatal whatever `errexit` says: half a list must not take effect.
int c_setgroups(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  const std::size_t count = lua_objlen(L, 1);
  executor& run = executor_of(L);
  auto* const groups = static_cast<gid_t*>(run.allocate(count * sizeof(gid_t)));
  for (std::size_t i = 0; i < count; ++i) {
    lua_rawgeti(L, 1, static_cast<int>(i) + 1);
    if (lua_type(L, -1) != LUA_TNUMBER || !to_word(L, -1, groups[i]))
      run.fail({"ipc_actor/init/setgroups: not a list of group ids"});
    lua_pop(L, 1);
  }
  return push_result(L, "setgroups", ::setgroups(count, groups));
}

// --- exec -----------------------------------------------------------------

// A string without NUL, of the caller's list or dictionary. Anything else is fatal, as above.
std::string_view exec_text(lua_State* L, std::string_view call, int index) {
  executor& run = executor_of(L);
  if (lua_type(L, index) != LUA_TSTRING)
    run.fail({"ipc_actor/init/", call, ": string expected, got ", luaL_typename(L, index)});
  const std::string_view text = check_bytes(L, index);
  if (text.find('\0') != text.npos)
    run.fail({"ipc_actor/init/", call, ": string contains a NUL byte"});
  return text;
}

char** exec_array(lua_State* L, std::size_t count) {
  auto** const array = static_cast<char**>(executor_of(L).allocate((count + 1) * sizeof(char*)));
  array[count] = nullptr;
  return array;
}

// argv from a list; nil is an empty one. The strings stay where Lua has them: the arena frees none.
char** exec_arguments(lua_State* L, std::string_view call, int index) {
  if (lua_isnoneornil(L, index)) return exec_array(L, 0);
  luaL_checktype(L, index, LUA_TTABLE);
  const std::size_t count = lua_objlen(L, index);
  char** const array = exec_array(L, count);
  for (std::size_t i = 0; i < count; ++i) {
    lua_rawgeti(L, index, static_cast<int>(i) + 1);
    array[i] = const_cast<char*>(exec_text(L, call, -1).data());
    lua_pop(L, 1);
  }
  return array;
}

// "NAME=VALUE" from the key and the value at the top of the stack.
char* exec_variable(lua_State* L, std::string_view call) {
  const std::string_view name = exec_text(L, call, -2);
  const std::string_view value = exec_text(L, call, -1);
  executor& run = executor_of(L);
  // Such a name would set another variable than the one that is read in the script.
  if (name.empty() || name.find('=') != name.npos)
    run.fail({"ipc_actor/init/", call, ": invalid variable name '", name, "'"});
  char* const variable = static_cast<char*>(run.allocate(name.size() + 1 + value.size() + 1));
  char* end = std::ranges::copy(name, variable).out;
  *end++ = '=';
  end = std::ranges::copy(value, end).out;
  *end = '\0';
  return variable;
}

// envp from a dictionary; nil is an empty one.
char** exec_environment(lua_State* L, std::string_view call, int index) {
  if (lua_isnoneornil(L, index)) return exec_array(L, 0);
  luaL_checktype(L, index, LUA_TTABLE);
  std::size_t count = 0;
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) ++count;
  char** array = exec_array(L, count);
  char** next = array;
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) *next++ = exec_variable(L, call);
  return array;
}

// A program begins with no signal blocked: process 1 of a pid namespace has blocked some. What the
// script printed is lost with this image unless it is written now.
template <class Exec>
int push_exec_result(lua_State* L, const char* name, Exec exec) {
  (void)std::fflush(nullptr);
  sigset_t before;
  ::sigprocmask(SIG_SETMASK, nullptr, &before);
  base::unblock_all_signals();
  const int result = exec();
  const int error = errno;
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  return push_result(L, name, result, error);
}

int c_execve(lua_State* L) {
  const char* const path = check_text(L, 1);
  char** const arguments = exec_arguments(L, "execve", 2);
  char** const environment = exec_environment(L, "execve", 3);
  return push_exec_result(L, "execve", [&] { return ::execve(path, arguments, environment); });
}

int c_fexecve(lua_State* L) {
  const int fd = check_int(L, 1);
  char** const arguments = exec_arguments(L, "fexecve", 2);
  char** const environment = exec_environment(L, "fexecve", 3);
  return push_exec_result(L, "fexecve", [&] { return ::fexecve(fd, arguments, environment); });
}

// --- the table ------------------------------------------------------------

constexpr function functions[] = {
    direct<"access", ::access>(),
    {"cap_drop_bound", c_cap_drop_bound},
    {"cap_reset_ambient", c_cap_reset_ambient},
    {"cap_set_ambient", c_cap_set_ambient},
    {"cap_set_proc", c_cap_set_proc},
    {"cap_set_secbits", c_cap_set_secbits},
    direct<"chdir", ::chdir>(),
    direct<"chmod", ::chmod>(),
    direct<"chown", ::chown>(),
    direct<"chroot", ::chroot>(),
    direct<"close", ::close>(),
    {"closefrom", c_closefrom},
    direct<"dup", ::dup>(),
    direct<"dup2", ::dup2>(),
    direct<"eaccess", ::eaccess>(),
    {"execve", c_execve},
    {"fexecve", c_fexecve},
    {"fsconfig", c_fsconfig},
    direct<"fsmount", ::fsmount>(),
    direct<"fsopen", ::fsopen>(),
    direct<"fspick", ::fspick>(),
    {"getrlimit", c_getrlimit},
    {"landlock_add_rule", c_landlock_add_rule},
    {"landlock_create_ruleset", c_landlock_create_ruleset},
    {"landlock_restrict_self", c_landlock_restrict_self},
    direct<"link", ::link>(),
    direct<"linkat", ::linkat>(),
    direct<"listen", ::listen>(),
    {"makedev", c_makedev},
    direct<"mkdir", ::mkdir>(),
    direct<"mkfifo", ::mkfifo>(),
    {"mknod", c_mknod},
    {"mount", c_mount},
    {"mount_setattr", c_mount_setattr},
    direct<"move_mount", ::move_mount>(),
    {"open", c_open},
    direct<"open_tree", ::open_tree>(),
    direct<"pivot_root", pivot_root>(),
    {"prctl", c_prctl},
    {"read", c_read},
    {"seccomp_set_mode_filter", c_seccomp_set_mode_filter},
    {"setdomainname", c_setdomainname},
    {"setgroups", c_setgroups},
    {"sethostname", c_sethostname},
    direct<"setns", ::setns>(),
    direct<"setpgid", ::setpgid>(),
    direct<"setresgid", ::setresgid>(),
    direct<"setresuid", ::setresuid>(),
    {"setrlimit", c_setrlimit},
    direct<"setsid", ::setsid>(),
    direct<"socket", ::socket>(),
    direct<"symlink", ::symlink>(),
    {"umask", c_umask},
    direct<"umount", ::umount>(),
    direct<"umount2", ::umount2>(),
    direct<"unshare", ::unshare>(),
    {"write", c_write},
};
static_assert(std::ranges::is_sorted(functions, {}, &function::name));

}  // namespace

std::span<const function> c_functions() noexcept { return functions; }

lua_CFunction find_c_function(std::string_view name) noexcept {
  const auto* const found = std::ranges::lower_bound(functions, name, {}, &function::name);
  return found != std::end(functions) && found->name == name ? found->call : nullptr;
}

}  // namespace emilua::init
