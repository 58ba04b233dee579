#include "tools/scan/program.h"

#include <cstdint>
#include <exception>
#include <lua.hpp>
#include <span>

#include "lib/lua/embedded.h"
#include "lib/lua/state.h"
#include "tools/scan/emit.h"
#include "tools/scan/failure.h"

namespace emilua::scan {

extern const std::span<const lua::embedded_module> lua_modules;

namespace {

// --- called through the FFI ----------------------------------------------------------------------

int next_record(void* in) { return static_cast<int>(static_cast<input*>(in)->next()); }

int find_field(void* in, std::uint32_t number) {
  return static_cast<int>(static_cast<input*>(in)->find_field(number));
}

double to_number(void* in, std::uint32_t number) { return static_cast<input*>(in)->number(number); }

// --- called by Lua -------------------------------------------------------------------------------

input& input_of(lua_State* L) {
  return *static_cast<input*>(lua_touserdata(L, lua_upvalueindex(1)));
}

int push_file(lua_State* L) {
  const std::string& name = input_of(L).file();
  lua_pushlstring(L, name.data(), name.size());
  return 1;
}

int raise_failure(lua_State* L) {
  const std::string& what = input_of(L).failure();
  lua_pushlstring(L, what.data(), what.size());
  return lua_error(L);
}

void set_method(lua_State* L, const char* name, lua_CFunction function, void* self) {
  lua_pushlightuserdata(L, self);
  lua_pushcclosure(L, function, 1);
  lua_setfield(L, -2, name);
}

void set_pointer(lua_State* L, const char* name, const void* pointer) {
  lua_pushlightuserdata(L, const_cast<void*>(pointer));
  lua_setfield(L, -2, name);
}

void push_native(lua_State* L, input& in, output& out) {
  lua_newtable(L);
  set_pointer(L, "input", &in);
  set_pointer(L, "record", &in.view());
  set_pointer(L, "next_record", reinterpret_cast<const void*>(&next_record));
  set_pointer(L, "find_field", reinterpret_cast<const void*>(&find_field));
  set_pointer(L, "number", reinterpret_cast<const void*>(&to_number));
  set_method(L, "file", push_file, &in);
  set_method(L, "fail", raise_failure, &in);
  lua_pushlightuserdata(L, &in);
  lua_pushlightuserdata(L, &out);
  lua_pushcclosure(L, emit, 2);
  lua_setfield(L, -2, "emit");
}

// Those that a program may use; the FFI is the loop's alone.
void open_libraries(lua_State* L) {
  constexpr luaL_Reg libraries[] = {{"", luaopen_base},
                                    {LUA_TABLIBNAME, luaopen_table},
                                    {LUA_IOLIBNAME, luaopen_io},
                                    {LUA_OSLIBNAME, luaopen_os},
                                    {LUA_STRLIBNAME, luaopen_string},
                                    {LUA_MATHLIBNAME, luaopen_math},
                                    {LUA_BITLIBNAME, luaopen_bit},
                                    {LUA_JITLIBNAME, luaopen_jit}};
  for (const auto& [name, open] : libraries) {
    lua_pushcfunction(L, open);
    lua_pushstring(L, name);
    lua_call(L, 1, 0);
  }
}

struct arguments {
  const std::string& source;
  input& in;
  output& out;
};

// Leaves what lua/modules/scan.lua returns.
int run(lua_State* L) {
  const auto& [source, in, out] = *static_cast<arguments*>(lua_touserdata(L, 1));
  open_libraries(L);
  lua::push_embedded(L, lua_modules, "scan");
  push_native(L, in, out);
  lua_pushcfunction(L, luaopen_ffi);
  lua_call(L, 0, 1);
  lua::push_embedded(L, lua_modules, "scan_source");
  lua_call(L, 0, 1);
  lua_pushlstring(L, source.data(), source.size());
  lua_call(L, 4, 1);
  lua_call(L, 0, 3);
  return 3;
}

std::string text_at(lua_State* L, int index) {
  std::size_t size = 0;
  const char* text = lua_tolstring(L, index, &size);
  return text != nullptr ? std::string{text, size} : std::string{};
}

}  // namespace

int run_program(const std::string& source, input& in, output& out) {
  const lua::state L = lua::new_state();
  if (L == nullptr) return report("out of memory");
  arguments given{source, in, out};
  lua_pushcfunction(L.get(), run);
  lua_pushlightuserdata(L.get(), &given);
  if (lua_pcall(L.get(), 1, 3, 0) != 0) return report(text_at(L.get(), -1));
  if (out.failed()) return failed_status;  // it has been told
  if (lua_isnil(L.get(), -3)) {
    const std::string where = text_at(L.get(), -2), what = text_at(L.get(), -1);
    return where == "record" ? report(in, what) : report(where + ": " + what);
  }
  const int status = static_cast<int>(lua_tointeger(L.get(), -3));
  return status == 0 && in.incomplete() ? failed_status : status;
}

}  // namespace emilua::scan
