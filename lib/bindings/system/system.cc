#include "lib/bindings/system/system.h"

#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "lib/base/file.h"
#include "lib/bindings/io/file_descriptor.h"
#include "lib/bindings/io/some.h"
#include "lib/bindings/system/arguments.h"
#include "lib/bindings/system/capabilities.h"
#include "lib/bindings/system/identity.h"
#include "lib/bindings/system/signal.h"
#include "lib/bindings/system/subprocess.h"
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

template <int Number>
int tcgetpgrp(lua_State* L) {
  const pid_t group = ::tcgetpgrp(Number);
  if (group == -1) lua::raise(L, base::last_error());
  lua_pushinteger(L, group);
  return 1;
}

template <int Number>
int tcsetpgrp(lua_State* L) {
  if (::tcsetpgrp(Number, check_integer(L, 2)) == -1) lua::raise(L, base::last_error());
  return 0;
}

template <int Number>
constexpr lua::class_method transfer = {"write_some", write_some<standard_stream<Number>>, true};
template <>
constexpr lua::class_method transfer<0> = {"read_some", read_some<standard_stream<0>>, true};

template <int Number>
const lua::class_method stream_functions[] = {
    transfer<Number>,
    {"dup", dup<Number>},
    {"isatty", isatty<Number>},
    {"tcgetpgrp", tcgetpgrp<Number>},
    {"tcsetpgrp", tcsetpgrp<Number>},
};

template <int Number>
void push_stream(lua_State* L) {
  lua::push_functions(L, stream_functions<Number>);
}

// A table that is made once for each VM and kept in the registry.
template <void (*Push)(lua_State*)>
int once(lua_State* L) {
  static constexpr char key = 0;  // its address is the registry key
  lua_pushlightuserdata(L, const_cast<char*>(&key));
  lua_rawget(L, LUA_REGISTRYINDEX);
  if (!lua_isnil(L, -1)) return 1;
  Push(L);
  lua_pushlightuserdata(L, const_cast<char*>(&key));
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

const lua::class_method own_functions[] = {{"exit", exit}};
const lua::class_property own_properties[] = {
    {"in_", once<push_stream<0>>}, {"out", once<push_stream<1>>}, {"err", once<push_stream<2>>},
    {"signal", once<push_signal>}, {"arguments", arguments},      {"environment", environment},
};

template <class Entry>
std::vector<Entry> join(std::initializer_list<std::span<const Entry>> parts) {
  std::vector<Entry> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace

void push_system(lua_State* L) {
  static const auto functions = join<lua::class_method>(
      {own_functions, identity_functions(), spawn_functions(), capability_functions()});
  static const auto properties = join<lua::class_property>({own_properties, securebit_constants()});
  static const lua::class_info info{
      .name = "system", .methods = functions, .properties = properties};
  lua::push_singleton(L, info);
}

}  // namespace emilua::bindings
