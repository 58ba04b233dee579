#include "lib/bindings/filesystem/process_state.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "lib/base/error.h"
#include "lib/base/unique_fd.h"
#include "lib/bindings/system/arguments.h"
#include "lib/bindings/system/process_rules.h"
#include "lib/fiber/path.h"
#include "lib/lua/error.h"

namespace emilua::bindings {
namespace {

[[noreturn]] void raise_with_path(lua_State* L, std::error_code error, const std::string& path) {
  lua::push(L, error);
  fiber::push_path(L, path);
  lua_setfield(L, -2, "path1");
  lua_error(L);
  __builtin_unreachable();
}

// By descriptor: so the process that actors come from goes to the same directory, whatever becomes
// of the name meanwhile.
void change_directory(lua_State* L, const std::string& path) {
  // The kernel would silently take what stands before a NUL for the whole path.
  if (path.find('\0') != path.npos) raise_with_path(L, base::system_error(EINVAL), path);
  const base::unique_fd directory{
      base::retry([&] { return ::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC); })};
  if (!directory) raise_with_path(L, base::last_error(), path);
  const ipc::credential_change change{.what = ipc::credential_kind::working_directory,
                                      .directory = directory.get()};
  if (const auto made = ipc::apply(change); !made) raise_with_path(L, made.error(), path);
  tell_process_change(L, change);
}

}  // namespace

int current_working_directory(lua_State* L) {
  if (!lua_isnoneornil(L, 1)) {
    check_process_owner(L);
    const std::string* path = fiber::to_path(L, 1);
    if (path == nullptr) lua::raise_argument(L, 1);
    change_directory(L, *path);
    return 0;
  }
  const std::unique_ptr<char, decltype(&std::free)> path{::getcwd(nullptr, 0), std::free};
  if (path == nullptr) lua::raise(L, base::last_error());
  fiber::push_path(L, path.get());
  return 1;
}

int umask(lua_State* L) {
  check_process_owner(L);
  const mode_t mask = static_cast<mode_t>(check_integer(L, 1)) & 0777;
  const mode_t before = ::umask(mask);
  tell_process_change(L, {.what = ipc::credential_kind::file_mask, .values = {mask}});
  lua_pushinteger(L, static_cast<lua_Integer>(before));
  return 1;
}

}  // namespace emilua::bindings
