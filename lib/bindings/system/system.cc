#include "lib/bindings/system/system.h"

#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "lib/base/file.h"
#include "lib/bindings/io/file_descriptor.h"
#include "lib/bindings/io/some.h"
#include "lib/fiber/vm.h"
#include "lib/lua/class.h"
#include "lib/lua/error.h"

namespace emilua::bindings {
namespace {

// The process's own descriptors 0 to 2, each under a second number that the VM owns.
class standard_streams final : public fiber::vm_extension {
 public:
  explicit standard_streams(fiber::vm& v)
      : io_{{v.process(), v.io()}, {v.process(), v.io()}, {v.process(), v.io()}} {}

  transfer_object& operator[](int number) {
    transfer_object& io = io_[number];
    if (!io.is_open()) {
      if (auto copy = base::duplicate(number)) io.assign(std::move(*copy));
    }
    return io;  // not open if the process has no such descriptor: operations say EBADF
  }

  void closing() override {
    for (transfer_object& io : io_) io.close();
  }

 private:
  transfer_object io_[3];
};

template <int Number>
transfer_object& standard_stream(lua_State* L) {
  return fiber::vm::of(L).extension<standard_streams>()[Number];
}

template <int Number>
int dup(lua_State* L) {
  auto copy = base::duplicate(Number);
  if (!copy) lua::raise(L, copy.error());
  push_file_descriptor(L, std::move(*copy));
  return 1;
}

template <int Number>
int isatty(lua_State* L) {
  lua_pushboolean(L, ::isatty(Number));
  return 1;
}

const lua::class_method in_functions[] = {
    {"read_some", read_some<standard_stream<0>>, true}, {"dup", dup<0>}, {"isatty", isatty<0>}};
const lua::class_method out_functions[] = {
    {"write_some", write_some<standard_stream<1>>, true}, {"dup", dup<1>}, {"isatty", isatty<1>}};
const lua::class_method err_functions[] = {
    {"write_some", write_some<standard_stream<2>>, true}, {"dup", dup<2>}, {"isatty", isatty<2>}};

// The tables are made once for each VM and kept in the registry.
template <const auto& Functions>
int stream_table(lua_State* L) {
  void* key = const_cast<void*>(static_cast<const void*>(&Functions));
  lua_pushlightuserdata(L, key);
  lua_rawget(L, LUA_REGISTRYINDEX);
  if (!lua_isnil(L, -1)) return 1;
  lua::push_functions(L, Functions);
  lua_pushlightuserdata(L, key);
  lua_pushvalue(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
  return 1;
}

int arguments(lua_State* L) {
  const auto& values = fiber::vm::of(L).process().config().arguments;
  lua_createtable(L, static_cast<int>(values.size()), 0);
  int i = 0;
  for (const std::string& value : values) {
    lua::push_text(L, value);
    lua_rawseti(L, -2, ++i);
  }
  return 1;
}

int environment(lua_State* L) {
  const auto& values = fiber::vm::of(L).process().config().environment;
  lua_createtable(L, 0, static_cast<int>(values.size()));
  for (const auto& [name, value] : values) {
    lua::push_text(L, name);
    lua::push_text(L, value);
    lua_rawset(L, -3);
  }
  return 1;
}

int getpid(lua_State* L) {
  lua_pushinteger(L, ::getpid());
  return 1;
}

int getppid(lua_State* L) {
  lua_pushinteger(L, ::getppid());
  return 1;
}

// opts.force: 0 is the normal end; 2 and "abort" end the process here.
void apply_force(lua_State* L, int code) {
  lua_getfield(L, 2, "force");
  if (lua_type(L, -1) == LUA_TNUMBER) {
    const double force = lua_tonumber(L, -1);
    if (force == 1) lua::raise(L, std::errc::not_supported);
    if (force == 2) ::_exit(code);
    if (force != 0) lua::raise_argument(L, "force");
  } else if (lua_type(L, -1) == LUA_TSTRING) {
    if (lua::to_text(L, -1) == "abort") std::abort();
    lua::raise_argument(L, "force");
  } else if (!lua_isnil(L, -1)) {
    lua::raise_argument(L, 2);
  }
  lua_pop(L, 1);
}

int exit(lua_State* L) {
  fiber::vm& v = fiber::vm::of(L);
  const int code = static_cast<int>(luaL_optnumber(L, 1, 0));
  if (v.is_master()) {
    if (lua_istable(L, 2)) apply_force(L, code);
    v.process().set_exit_code(code);
  } else if (!lua_isnoneornil(L, 2)) {
    lua::raise(L, std::errc::operation_not_permitted);
  }
  return v.exit(L);
}

const lua::class_method functions[] = {
    {"exit", exit},
    {"getpid", getpid},
    {"getppid", getppid},
};
const lua::class_property properties[] = {
    {"in_", stream_table<in_functions>},  {"out", stream_table<out_functions>},
    {"err", stream_table<err_functions>}, {"arguments", arguments},
    {"environment", environment},
};
const lua::class_info system_class{
    .name = "system", .methods = functions, .properties = properties};

}  // namespace

void push_system(lua_State* L) { lua::push_singleton(L, system_class); }

}  // namespace emilua::bindings
