#include "tools/scan/emit.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/bindings/json/writer.h"
#include "tools/command_line/standard_output.h"
#include "tools/scan/input.h"
#include "tools/scan/output.h"

namespace emilua::scan {
namespace {

using bindings::json::writer;

constexpr int deepest = 100;

std::string_view text_at(lua_State* L, int index) {
  std::size_t size;
  const char* text = lua_tolstring(L, index, &size);
  return {text, size};
}

// --- JSON ----------------------------------------------------------------------------------------

void write_value(lua_State* L, writer& json, int index, int depth);

void write_array(lua_State* L, writer& json, int index, int depth) {
  json.begin_array();
  const int count = static_cast<int>(lua_objlen(L, index));
  for (int i = 1; i <= count; ++i) {
    lua_rawgeti(L, index, i);
    write_value(L, json, lua_gettop(L), depth);
    lua_pop(L, 1);
  }
  static_cast<void>(json.end_array());
}

// In the order of the names, so that the same values give the same text.
void write_object(lua_State* L, writer& json, int index, int depth) {
  std::vector<std::string_view> names;  // the table keeps them
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING) luaL_error(L, "emit: a table has names that are no texts");
    names.push_back(text_at(L, -2));
  }
  std::ranges::sort(names);
  json.begin_object();
  for (const std::string_view name : names) {
    json.string(name);
    lua_pushlstring(L, name.data(), name.size());
    lua_rawget(L, index);
    write_value(L, json, lua_gettop(L), depth);
    lua_pop(L, 1);
  }
  static_cast<void>(json.end_object());
}

void write_value(lua_State* L, writer& json, int index, int depth) {
  switch (lua_type(L, index)) {
    case LUA_TNIL:
      return json.null();
    case LUA_TBOOLEAN:
      return json.boolean(lua_toboolean(L, index) != 0);
    case LUA_TNUMBER:
      return json.number(lua_tonumber(L, index));
    case LUA_TSTRING:
      return json.string(text_at(L, index));
    case LUA_TTABLE:
      if (depth == deepest) luaL_error(L, "emit: tables in tables, deeper than 100");
      luaL_checkstack(L, 8, "emit");
      if (lua_objlen(L, index) != 0) return write_array(L, json, index, depth + 1);
      return write_object(L, json, index, depth + 1);
    default:
      luaL_error(L, "emit: neither a text, a number, a boolean, a table nor nil");
  }
}

// What is emitted in place of arguments.
void write_record(writer& json, const record_view& record) {
  json.begin_array();
  for (std::uint32_t i = 0; i != record.known; ++i)
    json.string({record.fields[i].data, record.fields[i].size});
  static_cast<void>(json.end_array());
}

void emit_json(lua_State* L, input& in, output& out) {
  writer json;
  const int count = lua_gettop(L);
  if (count == 0) {
    if (in.find_field(input::all_fields) == progress::failed)
      luaL_error(L, "%s", in.failure().c_str());
    write_record(json, in.view());
  } else if (count == 1 && lua_istable(L, 1)) {
    write_value(L, json, 1, 0);
  } else {
    json.begin_array();
    for (int i = 1; i <= count; ++i) write_value(L, json, i, 0);
    static_cast<void>(json.end_array());
  }
  out.line(json.text());
}

// --- text ----------------------------------------------------------------------------------------

void put(lua_State* L, output& out, int index, int position) {
  switch (lua_type(L, index)) {
    case LUA_TNIL:
      return out.null();
    case LUA_TBOOLEAN:
      return out.boolean(lua_toboolean(L, index) != 0);
    case LUA_TNUMBER:
      return out.number(lua_tonumber(L, index));
    case LUA_TSTRING:
      return out.text(text_at(L, index));
    default:
      luaL_error(L, "emit: value %d is a %s", position, luaL_typename(L, index));
  }
}

bool has_names(lua_State* L, int index) {
  if (lua_objlen(L, index) != 0) return false;
  lua_pushnil(L);
  if (lua_next(L, index) == 0) return false;
  lua_pop(L, 2);
  return true;
}

void emit_text(lua_State* L, const input& in, output& out) {
  const int count = lua_gettop(L);
  if (count == 0) {
    out.line({in.view().data, in.view().size});
  } else if (count == 1 && lua_istable(L, 1)) {
    if (has_names(L, 1)) luaL_error(L, "emit: a table with names needs --json-out");
    const int size = static_cast<int>(lua_objlen(L, 1));
    for (int i = 1; i <= size; ++i) {
      lua_rawgeti(L, 1, i);
      put(L, out, -1, i);
      lua_pop(L, 1);
    }
  } else {
    for (int i = 1; i <= count; ++i) put(L, out, i, i);
  }
}

}  // namespace

int emit(lua_State* L) {
  auto& in = *static_cast<input*>(lua_touserdata(L, lua_upvalueindex(1)));
  auto& out = *static_cast<output*>(lua_touserdata(L, lua_upvalueindex(2)));
  if (out.how() == style::json)
    emit_json(L, in, out);
  else
    emit_text(L, in, out);
  if (!out.end_record()) luaL_error(L, "standard output: %s", base::last_error().message().c_str());
  return 0;
}

}  // namespace emilua::scan
