#include "lib/bindings/pipe/pipe.h"

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/error.h"
#include "lib/bindings/io/lifecycle.h"
#include "lib/bindings/io/some.h"
#include "lib/bindings/io/transfer.h"
#include "lib/fiber/vm.h"
#include "lib/lua/class.h"
#include "lib/lua/error.h"

namespace emilua::bindings {

template <direction>
struct pipe_end {
  explicit pipe_end(fiber::vm& v) : io(v.process(), v.io()) {}
  transfer_object io;
};

using pipe_reader = pipe_end<direction::read>;
using pipe_writer = pipe_end<direction::write>;

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::pipe_reader>();
template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::pipe_writer>();

namespace emilua::bindings {
namespace {

template <class End>
transfer_object& io_of(lua_State* L) {
  return lua::check<End>(L, 1).io;
}

int pair(lua_State* L) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) == -1) lua::raise(L, base::last_error());
  base::unique_fd reader{ends[0]}, writer{ends[1]};
  lua::push_new<pipe_reader>(L, fiber::vm::of(L)).io.assign(std::move(reader));
  lua::push_new<pipe_writer>(L, fiber::vm::of(L)).io.assign(std::move(writer));
  return 2;
}

const lua::class_method reader_methods[] = {
    {"close", close<io_of<pipe_reader>>},
    {"cancel", cancel<io_of<pipe_reader>>},
    {"assign", assign<io_of<pipe_reader>>},
    {"release", release<io_of<pipe_reader>>},
    {"read_some", read_some<io_of<pipe_reader>>, true},
};
const lua::class_property reader_properties[] = {{"is_open", is_open<io_of<pipe_reader>>}};
const lua::class_method reader_functions[] = {{"new", make<pipe_reader>}};

const lua::class_method writer_methods[] = {
    {"close", close<io_of<pipe_writer>>},
    {"cancel", cancel<io_of<pipe_writer>>},
    {"assign", assign<io_of<pipe_writer>>},
    {"release", release<io_of<pipe_writer>>},
    {"write_some", write_some<io_of<pipe_writer>>, true},
};
const lua::class_property writer_properties[] = {{"is_open", is_open<io_of<pipe_writer>>}};
const lua::class_method writer_functions[] = {{"new", make<pipe_writer>}};

const lua::class_method functions[] = {{"pair", pair}};

}  // namespace

void push_pipe(lua_State* L) {
  lua::push_functions(L, functions);
  lua::push_functions(L, reader_functions);
  lua_setfield(L, -2, "read_stream");
  lua::push_functions(L, writer_functions);
  lua_setfield(L, -2, "write_stream");
}

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::pipe_reader>() {
  using namespace emilua::bindings;
  static const class_info info{
      .name = "pipe.read_stream", .methods = reader_methods, .properties = reader_properties};
  return info;
}

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::pipe_writer>() {
  using namespace emilua::bindings;
  static const class_info info{
      .name = "pipe.write_stream", .methods = writer_methods, .properties = writer_properties};
  return info;
}
