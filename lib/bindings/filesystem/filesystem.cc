#include "lib/bindings/filesystem/filesystem.h"

#include "lib/bindings/filesystem/process_state.h"
#include "lib/fiber/path.h"
#include "lib/lua/class.h"

namespace emilua::bindings {
namespace {

const char class_key = 0;  // registry: the one path class object of a VM

int path_class(lua_State* L) {
  lua_pushlightuserdata(L, const_cast<char*>(&class_key));
  lua_rawget(L, LUA_REGISTRYINDEX);
  if (!lua_isnil(L, -1)) return 1;
  fiber::push_path_class(L);
  lua_pushlightuserdata(L, const_cast<char*>(&class_key));
  lua_pushvalue(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
  return 1;
}

const lua::class_method functions[] = {
    {"current_working_directory", current_working_directory},
    {"umask", umask},
};
const lua::class_property properties[] = {{"path", path_class}};
const lua::class_info module_class{
    .name = "filesystem", .methods = functions, .properties = properties};

}  // namespace

void push_filesystem(lua_State* L) { lua::push_singleton(L, module_class); }

}  // namespace emilua::bindings
