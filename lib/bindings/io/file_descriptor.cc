#include "lib/bindings/io/file_descriptor.h"

#include <string>

#include "lib/base/file.h"
#include "lib/lua/error.h"

namespace emilua::bindings {
namespace {

int dup(lua_State* L) {
  auto copy = base::duplicate(lua::check<file_descriptor>(L, 1).fd.get());
  if (!copy) lua::raise(L, copy.error());
  push_file_descriptor(L, std::move(*copy));
  return 1;
}

int close(lua_State* L) {
  take_file_descriptor(L, 1).reset();
  return 0;
}

int tostring(lua_State* L) {
  lua::push_text(L, "/dev/fd/" + std::to_string(lua::check<file_descriptor>(L, 1).fd.get()));
  return 1;
}

const lua::class_method methods[] = {{"dup", dup}, {"close", close}};
const lua::class_method metamethods[] = {{"__tostring", tostring}};

}  // namespace

void push_file_descriptor(lua_State* L, base::unique_fd fd) {
  lua::push_new<file_descriptor>(L).fd = std::move(fd);
}

base::unique_fd take_file_descriptor(lua_State* L, int index) {
  return lua::take<file_descriptor>(L, index).fd;
}

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::file_descriptor>() {
  using namespace emilua::bindings;
  static const class_info info{
      .name = "file_descriptor", .methods = methods, .metamethods = metamethods};
  return info;
}
