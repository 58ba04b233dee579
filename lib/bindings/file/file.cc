#include "lib/bindings/file/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/error.hpp>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/unique_fd.h"
#include "lib/bindings/file/waiting_open.h"
#include "lib/bindings/io/lifecycle.h"
#include "lib/bindings/io/some.h"
#include "lib/bindings/io/transfer.h"
#include "lib/bindings/stream/stream.h"
#include "lib/bindings/system/arguments.h"
#include "lib/fiber/path.h"
#include "lib/fiber/suspend.h"
#include "lib/fiber/vm.h"
#include "lib/lua/embedded.h"
#include "lib/lua/error.h"

namespace emilua::bindings {

extern const std::span<const lua::embedded_module> file_modules;

enum class access { stream, random };

class file_io : public transfer_object {
 public:
  using transfer_object::transfer_object;

  // Being opened counts as a pending operation.
  void close() {
    if (const auto opening = opening_.lock()) opening->cancel();
    transfer_object::close();
  }
  void remember(const std::shared_ptr<waiting_open>& opening) { opening_ = opening; }

 private:
  std::weak_ptr<waiting_open> opening_;
};

template <access>
struct file_object {
  explicit file_object(fiber::vm& v) : io(v.process(), v.io()) {}
  file_io io;
};

using file_stream = file_object<access::stream>;
using random_access_file = file_object<access::random>;

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::file_stream>();
template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::random_access_file>();

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

// Truncated toward zero. What is out of range is the kernel's to refuse, and no number is negative.
off_t check_offset(lua_State* L, int index) {
  using limits = std::numeric_limits<off_t>;
  const lua_Number value = lua::check_number(L, index);
  if (!(value > static_cast<lua_Number>(limits::min()))) return limits::min();
  if (value >= static_cast<lua_Number>(limits::max())) return limits::max();
  return static_cast<off_t>(value);
}

template <class File>
file_io& io_of(lua_State* L) {
  return check<File>(L, 1).io;
}

transfer_object& stream_of(lua_State* L) { return io_of<file_stream>(L); }

// Of an object that may meanwhile have got another descriptor.
int finish_opening(lua_State* L, file_io& io, base::unique_fd fd) {
  if (io.is_open()) {
    lua::push(
        L, std::error_code{boost::asio::error::make_error_code(boost::asio::error::already_open)});
    return fiber::raise_value;
  }
  io.assign(std::move(fd));
  return 0;
}

template <class File>
int open(lua_State* L) {
  file_io& io = io_of<File>(L);
  const std::string* path = fiber::to_path(L, 2);
  if (path == nullptr) lua::raise_argument(L, 2);
  const auto wanted = to_integer<unsigned>(lua::check_number(L, 3));
  if (!wanted) lua::raise_argument(L, 3);
  const int flags = flags_of(*wanted);
  check_not_open<io_of<File>>(L);
  // The kernel would silently take what stands before a NUL for the whole path.
  if (path->find('\0') != path->npos) lua::raise(L, base::system_error(EINVAL));
  auto fd = open_at_once(*path, flags);
  if (fd) {
    io.assign(std::move(*fd));
    lua_pushboolean(L, 1);
    return 1;
  }
  if (fd.error() != std::errc::resource_unavailable_try_again) lua::raise(L, fd.error());
  fiber::vm& v = fiber::vm::of(L);
  v.check_suspension(L);
  const auto opening = std::make_shared<waiting_open>(v.io(), *path, flags);
  io.remember(opening);
  return fiber::await(
      L, [&](auto handler) { opening->start(std::move(handler)); },
      // Whoever waits holds the object on its stack.
      [&io](lua_State* R, base::unique_fd opened) {
        return finish_opening(R, io, std::move(opened));
      });
}

template <auto Io>
int resize(lua_State* L) {
  const off_t size = check_offset(L, 2);
  const int fd = check_open<Io>(L).native();
  if (base::retry([&] { return ::ftruncate(fd, size); }) == -1) lua::raise(L, base::last_error());
  return 0;
}

template <auto Io>
int size(lua_State* L) {
  const auto info = base::status_of(check_open<Io>(L).native());
  if (!info) lua::raise(L, info.error());
  lua_pushnumber(L, static_cast<lua_Number>(info->st_size));
  return 1;
}

int seek(lua_State* L) {
  const off_t offset = check_offset(L, 2);
  const std::string_view whence = luaL_checkstring(L, 3);
  auto& io = check_open<io_of<file_stream>>(L);
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

// The offset is argument 2, the buffer argument 3.
int read_some_at(lua_State* L) {
  const off_t offset = check_offset(L, 2);
  fiber::vm::of(L).check_suspension(L);
  file_io& io = io_of<random_access_file>(L);
  auto& buffer = check<byte_span>(L, 3);
  return fiber::await(
      L,
      [&](auto handler) {
        io.async_read_some_at(offset, buffer.mutable_buffer(), std::move(handler));
      },
      [keep = buffer.memory](lua_State* R, std::size_t n) { return push_count(R, n); });
}

int write_some_at(lua_State* L) {
  const off_t offset = check_offset(L, 2);
  fiber::vm::of(L).check_suspension(L);
  file_io& io = io_of<random_access_file>(L);
  auto& buffer = check<byte_span>(L, 3);
  return fiber::await(
      L,
      [&](auto handler) {
        io.async_write_some_at(offset, buffer.const_buffer(), std::move(handler));
      },
      [keep = buffer.memory](lua_State* R, std::size_t n) { return push_count(R, n); });
}

const lua::class_method stream_methods[] = {
    {"open", open<file_stream>, true},
    {"close", close<io_of<file_stream>>},
    {"cancel", cancel<io_of<file_stream>>},
    {"assign", assign<io_of<file_stream>>},
    {"release", release<io_of<file_stream>>},
    {"resize", resize<io_of<file_stream>>},
    {"seek", seek},
    {"read_some", read_some<stream_of>, true},
    {"write_some", write_some<stream_of>, true},
};
const lua::class_property stream_properties[] = {{"is_open", is_open<io_of<file_stream>>},
                                                 {"size", size<io_of<file_stream>>}};
const lua::class_method stream_functions[] = {{"new", make<file_stream>}};

const lua::class_method random_access_methods[] = {
    {"open", open<random_access_file>, true},
    {"close", close<io_of<random_access_file>>},
    {"cancel", cancel<io_of<random_access_file>>},
    {"assign", assign<io_of<random_access_file>>},
    {"release", release<io_of<random_access_file>>},
    {"resize", resize<io_of<random_access_file>>},
    {"read_some_at", read_some_at, true},
    {"write_some_at", write_some_at, true},
};
const lua::class_property random_access_properties[] = {
    {"is_open", is_open<io_of<random_access_file>>}, {"size", size<io_of<random_access_file>>}};
const lua::class_method random_access_functions[] = {{"new", make<random_access_file>}};

}  // namespace

void push_file(lua_State* L) {
  lua_createtable(L, 0, 7);
  lua::push_functions(L, stream_functions);
  lua_setfield(L, -2, "stream");
  lua::push_functions(L, random_access_functions);
  lua_setfield(L, -2, "random_access");
  lua_createtable(L, 0, std::size(open_flags));
  for (const auto& entry : open_flags) {
    lua_pushinteger(L, entry.flag);
    lua_setfield(L, -2, entry.name);
  }
  lua_setfield(L, -2, "open_flag");

  lua::push_embedded(L, file_modules, "file");
  lua_pushvalue(L, -2);
  push_stream(L);
  lua_pushcfunction(L, check_span);
  lua_call(L, 3, 0);
}

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::file_stream>() {
  using namespace emilua::bindings;
  static const class_info info{
      .name = "file.stream", .methods = stream_methods, .properties = stream_properties};
  return info;
}

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::random_access_file>() {
  using namespace emilua::bindings;
  static const class_info info{.name = "file.random_access",
                               .methods = random_access_methods,
                               .properties = random_access_properties};
  return info;
}
