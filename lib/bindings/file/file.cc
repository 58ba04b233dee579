#include "lib/bindings/file/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "lib/base/error.h"
#include "lib/bindings/io/lifecycle.h"
#include "lib/bindings/io/some.h"
#include "lib/bindings/io/transfer.h"
#include "lib/fiber/path.h"
#include "lib/fiber/vm.h"
#include "lib/lua/error.h"

namespace emilua::bindings {

struct file_stream {
  explicit file_stream(fiber::vm& v) : io(v.process(), v.io()) {}
  transfer_object io;
};

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::file_stream>();

namespace emilua::bindings {
namespace {

using lua::check;

// The values are ours; the kernel's are made from them in flags_of().
enum open_flag : unsigned {
  append = 1,
  create = 2,
  exclusive = 4,
  read_only = 8,
  read_write = 16,
  sync_all_on_write = 32,
  truncate = 64,
  write_only = 128,
};

constexpr struct {
  const char* name;
  open_flag flag;
  int native;
} open_flags[] = {
    {"append", append, O_APPEND},       {"create", create, O_CREAT},
    {"exclusive", exclusive, O_EXCL},   {"read_only", read_only, O_RDONLY},
    {"read_write", read_write, O_RDWR}, {"sync_all_on_write", sync_all_on_write, O_SYNC},
    {"truncate", truncate, O_TRUNC},    {"write_only", write_only, O_WRONLY},
};

int flags_of(unsigned flags) {
  int native = O_CLOEXEC | O_NOCTTY;
  for (const auto& entry : open_flags)
    if ((flags & entry.flag) != 0) native |= entry.native;
  return native;
}

transfer_object& io_of(lua_State* L) { return check<file_stream>(L, 1).io; }

int open(lua_State* L) {
  auto& io = io_of(L);
  const std::string* path = fiber::to_path(L, 2);
  if (path == nullptr) lua::raise_argument(L, 2);
  const int flags = flags_of(static_cast<unsigned>(luaL_checkinteger(L, 3)));
  check_not_open<io_of>(L);
  // The kernel would silently take what stands before a NUL for the whole path.
  if (path->find('\0') != path->npos) lua::raise(L, base::system_error(EINVAL));
  base::unique_fd fd{base::retry([&] { return ::open(path->c_str(), flags, 0777); })};
  if (!fd) lua::raise(L, base::last_error());
  io.assign(std::move(fd));
  return 0;
}

int resize(lua_State* L) {
  const auto size = static_cast<off_t>(luaL_checknumber(L, 2));
  if (::ftruncate(check_open<io_of>(L).native(), size) == -1) lua::raise(L, base::last_error());
  return 0;
}

int seek(lua_State* L) {
  const auto offset = static_cast<off_t>(luaL_checknumber(L, 2));
  const std::string whence = luaL_checkstring(L, 3);
  auto& io = check_open<io_of>(L);
  const int how = whence == "set"   ? SEEK_SET
                  : whence == "cur" ? SEEK_CUR
                  : whence == "end" ? SEEK_END
                                    : -1;
  if (how == -1) lua::raise(L, std::errc::invalid_argument);
  const off_t position = ::lseek(io.native(), offset, how);
  if (position == -1) lua::raise(L, base::last_error());
  lua_pushnumber(L, static_cast<lua_Number>(position));
  return 1;
}

int size(lua_State* L) {
  struct stat info;
  if (::fstat(check_open<io_of>(L).native(), &info) == -1) lua::raise(L, base::last_error());
  lua_pushnumber(L, static_cast<lua_Number>(info.st_size));
  return 1;
}

const lua::class_method methods[] = {
    {"open", open},
    {"close", close<io_of>},
    {"cancel", cancel<io_of>},
    {"assign", assign<io_of>},
    {"release", release<io_of>},
    {"resize", resize},
    {"seek", seek},
    {"read_some", read_some<io_of>, true},
    {"write_some", write_some<io_of>, true},
};
const lua::class_property properties[] = {{"is_open", is_open<io_of>}, {"size", size}};
const lua::class_method stream_functions[] = {{"new", make<file_stream>}};

}  // namespace

void push_file(lua_State* L) {
  lua_createtable(L, 0, 2);
  lua::push_functions(L, stream_functions);
  lua_setfield(L, -2, "stream");
  lua_createtable(L, 0, std::size(open_flags));
  for (const auto& entry : open_flags) {
    lua_pushinteger(L, entry.flag);
    lua_setfield(L, -2, entry.name);
  }
  lua_setfield(L, -2, "open_flag");
}

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::file_stream>() {
  using namespace emilua::bindings;
  static const class_info info{.name = "file.stream", .methods = methods, .properties = properties};
  return info;
}
