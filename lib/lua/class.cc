#include "lib/lua/class.h"

#include "lib/lua/core_error.h"
#include "lib/lua/error.h"

namespace emilua::lua {
namespace {

const char wrapper_key = 0;  // its address is the registry key

constinit const detail::class_entry* first_class = nullptr;  // constant once main() runs

detail::object_header* to_header(lua_State* L, int index) noexcept {
  // newproxy() makes userdata that is not ours, and empty.
  if (lua_type(L, index) != LUA_TUSERDATA || lua_objlen(L, index) < sizeof(detail::object_header))
    return nullptr;
  return static_cast<detail::object_header*>(lua_touserdata(L, index));
}

int collect(lua_State* L) {
  auto* header = to_header(L, 1);
  if (header != nullptr && header->info != nullptr && header->destroy != nullptr) {
    header->info = nullptr;
    header->destroy(header + 1);
  }
  return 0;
}

int raise_unknown_member(lua_State* L) { raise(L, core_errc::bad_index, {"index", 2}); }

// Upvalues: methods, getters, class_info.
int read_member(lua_State* L) {
  const auto* info = static_cast<const class_info*>(lua_touserdata(L, lua_upvalueindex(3)));
  const auto* header = to_header(L, 1);
  if (header == nullptr || header->info != info) raise_wrong_object(L, 1);
  if (info->read_number != nullptr && lua_type(L, 2) == LUA_TNUMBER && info->read_number(L))
    return 1;
  lua_pushvalue(L, 2);
  lua_rawget(L, lua_upvalueindex(1));
  if (!lua_isnil(L, -1)) return 1;
  lua_pushvalue(L, 2);
  lua_rawget(L, lua_upvalueindex(2));
  if (lua_isnil(L, -1)) raise(L, core_errc::bad_index, {"index", 2});
  lua_CFunction getter = lua_tocfunction(L, -1);
  lua_settop(L, 1);
  return getter(L);
}

// Upvalues: setters, class_info.
int write_member(lua_State* L) {
  const auto* info = static_cast<const class_info*>(lua_touserdata(L, lua_upvalueindex(2)));
  const auto* header = to_header(L, 1);
  if (header == nullptr || header->info != info) raise_wrong_object(L, 1);
  lua_pushvalue(L, 2);
  lua_rawget(L, lua_upvalueindex(1));
  if (lua_CFunction setter = lua_tocfunction(L, -1)) {
    lua_settop(L, 3);
    return setter(L);
  }
  switch (info->unknown_write) {
    case on_write::eperm:
      raise(L, std::errc::operation_not_permitted);
    case on_write::bad_index:
      raise(L, core_errc::bad_index, {"index", 2});
    case on_write::type_error:
      break;
  }
  return luaL_error(L, "attempt to index a %s value", info->name);
}

void push_accessors(lua_State* L, std::span<const class_property> properties,
                    lua_CFunction class_property::*which) {
  lua_createtable(L, 0, static_cast<int>(properties.size()));
  for (const class_property& property : properties) {
    if (property.*which == nullptr) continue;
    lua_pushcfunction(L, property.*which);
    lua_setfield(L, -2, property.name);
  }
}

void push_info(lua_State* L, const class_info& info) {
  lua_pushlightuserdata(L, const_cast<class_info*>(&info));
}

void push_metatable(lua_State* L, const class_info& info) {
  luaL_checkstack(L, 8, "class");
  push_info(L, info);
  lua_rawget(L, LUA_REGISTRYINDEX);
  if (!lua_isnil(L, -1)) return;
  lua_pop(L, 1);
  lua_createtable(L, 0, 4 + static_cast<int>(info.metamethods.size()));
  lua_pushstring(L, info.name);
  lua_setfield(L, -2, "__metatable");
  lua_pushcfunction(L, collect);
  lua_setfield(L, -2, "__gc");

  push_functions(L, info.methods);
  if (info.properties.empty() && info.read_number == nullptr) {
    // Nothing to compute: a table, which the interpreter reads without calling us.
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, raise_unknown_member);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
  } else {
    push_accessors(L, info.properties, &class_property::getter);
    push_info(L, info);
    lua_pushcclosure(L, read_member, 3);
  }
  lua_setfield(L, -2, "__index");

  push_accessors(L, info.properties, &class_property::setter);
  push_info(L, info);
  lua_pushcclosure(L, write_member, 2);
  lua_setfield(L, -2, "__newindex");

  for (const class_method& method : info.metamethods) {
    push_function(L, method);
    lua_setfield(L, -2, method.name);
  }
  push_info(L, info);
  lua_pushvalue(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

// Not the key of the metatable itself.
void push_unowned_key(lua_State* L, const class_info& info) {
  lua_pushlightuserdata(L, const_cast<std::span<const class_method>*>(&info.metamethods));
}

}  // namespace

namespace detail {

void push_unowned_metatable(lua_State* L, const class_info& info) {
  luaL_checkstack(L, 8, "class");
  push_unowned_key(L, info);
  lua_rawget(L, LUA_REGISTRYINDEX);
  if (!lua_isnil(L, -1)) return;
  lua_pop(L, 1);
  push_metatable(L, info);
  lua_createtable(L, 0, 4 + static_cast<int>(info.metamethods.size()));
  lua_pushnil(L);
  while (lua_next(L, -3) != 0) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -4);
  }
  lua_pushnil(L);
  lua_setfield(L, -2, "__gc");
  push_unowned_key(L, info);
  lua_pushvalue(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
  lua_remove(L, -2);
}

class_entry::class_entry(const class_info& (*c)()) noexcept
    : info(c), next(std::exchange(first_class, this)) {}

void* new_object(lua_State* L, std::size_t size) {
  luaL_checkstack(L, 2, "object");
  auto* header = static_cast<object_header*>(lua_newuserdata(L, sizeof(object_header) + size));
  header->info = nullptr;
  header->destroy = nullptr;
  return header + 1;
}

void finish_object(lua_State* L, const class_info& info, void (*destroy)(void*) noexcept) {
  auto* header = static_cast<object_header*>(lua_touserdata(L, -1));
  header->info = &info;
  header->destroy = destroy;
  push_metatable(L, info);
  lua_setmetatable(L, -2);
}

void* to_object(lua_State* L, int index, const class_info& info) noexcept {
  auto* header = to_header(L, index);
  return header != nullptr && header->info == &info ? header + 1 : nullptr;
}

void consume(lua_State* L, int index) {
  to_header(L, index)->info = nullptr;
  lua_pushvalue(L, index);
  lua_pushnil(L);
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
}

}  // namespace detail

void raise_wrong_object(lua_State* L, int index) { raise_argument(L, index); }

std::string_view to_text(lua_State* L, int index) noexcept {
  if (lua_type(L, index) != LUA_TSTRING) return {};
  std::size_t size;
  const char* data = lua_tolstring(L, index, &size);
  return {data, size};
}

void push_function(lua_State* L, const class_method& method) {
  if (!method.suspends) {
    lua_pushcfunction(L, method.function);
    return;
  }
  lua_pushlightuserdata(L, const_cast<char*>(&wrapper_key));
  lua_rawget(L, LUA_REGISTRYINDEX);
  lua_pushcfunction(L, method.function);
  lua_call(L, 1, 1);
}

void push_functions(lua_State* L, std::span<const class_method> functions) {
  luaL_checkstack(L, 4, "functions");
  lua_createtable(L, 0, static_cast<int>(functions.size()));
  for (const class_method& function : functions) {
    push_function(L, function);
    lua_setfield(L, -2, function.name);
  }
}

void push_singleton(lua_State* L, const class_info& info) {
  detail::new_object(L, 0);
  detail::finish_object(L, info, nullptr);
}

std::vector<const class_info*> known_classes() {
  std::vector<const class_info*> classes;
  for (const auto* entry = first_class; entry != nullptr; entry = entry->next)
    classes.push_back(&entry->info());
  return classes;
}

const class_info* class_at(lua_State* L, int index) noexcept {
  const auto* header = to_header(L, index);
  return header != nullptr ? header->info : nullptr;
}

void set_suspension_wrapper(lua_State* L, int index) {
  lua_pushvalue(L, index);
  lua_pushlightuserdata(L, const_cast<char*>(&wrapper_key));
  lua_insert(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

}  // namespace emilua::lua
