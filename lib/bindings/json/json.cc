#include "lib/bindings/json/json.h"

#include <span>
#include <string_view>

#include "lib/bindings/errors/dom_error.h"
#include "lib/bindings/json/decode.h"
#include "lib/bindings/json/encode.h"
#include "lib/bindings/json/lexer_error.h"
#include "lib/bindings/json/values.h"
#include "lib/bindings/json/writer.h"
#include "lib/lua/class.h"
#include "lib/lua/embedded.h"
#include "lib/lua/error.h"

namespace emilua::bindings {

extern const std::span<const lua::embedded_module> json_modules;

namespace {

using json::writer;

// --- arrays -----------------------------------------------------------------

bool is_tagged(lua_State* L, int index) {
  if (!lua_istable(L, index) || !lua_getmetatable(L, index)) return false;
  json::push_array_tag(L);
  const bool tagged = lua_rawequal(L, -1, -2) != 0;
  lua_pop(L, 2);
  return tagged;
}

int is_array(lua_State* L) {
  lua_settop(L, 1);
  lua_pushboolean(L, is_tagged(L, 1));
  return 1;
}

int into_array(lua_State* L) {
  if (lua_gettop(L) == 0) lua_newtable(L);
  lua_settop(L, 1);
  if (!lua_istable(L, 1)) lua::raise_argument(L, 1);
  if (is_tagged(L, 1)) return 1;
  if (lua_getmetatable(L, 1)) lua::raise_argument(L, 1);
  json::push_array_tag(L);
  lua_setmetatable(L, 1);
  return 1;
}

// --- json.writer ------------------------------------------------------------

int new_writer(lua_State* L) {
  lua::push_new<writer>(L);
  return 1;
}

bool is_null(lua_State* L, int index) {
  json::push_null(L);
  const bool null = lua_rawequal(L, index, -1) != 0;
  lua_pop(L, 1);
  return null;
}

int writer_value(lua_State* L) {
  auto& self = lua::check<writer>(L, 1);
  lua_settop(L, 2);
  switch (lua_type(L, 2)) {
    case LUA_TBOOLEAN:
      self.boolean(lua_toboolean(L, 2) != 0);
      return 0;
    case LUA_TNUMBER:
      self.number(lua_tonumber(L, 2));
      return 0;
    case LUA_TSTRING:
      self.string(lua::to_text(L, 2));
      return 0;
    case LUA_TTABLE:
      if (!is_null(L, 2)) break;
      self.null();
      return 0;
    default:
      break;
  }
  lua::raise_argument(L, 2);
}

int writer_begin_object(lua_State* L) {
  lua::check<writer>(L, 1).begin_object();
  return 0;
}

int writer_begin_array(lua_State* L) {
  lua::check<writer>(L, 1).begin_array();
  return 0;
}

int writer_end_object(lua_State* L) {
  if (!lua::check<writer>(L, 1).end_object()) lua::raise(L, json::lexer_errc::unexpected_token);
  return 0;
}

int writer_end_array(lua_State* L) {
  if (!lua::check<writer>(L, 1).end_array()) lua::raise(L, json::lexer_errc::unexpected_token);
  return 0;
}

int writer_literal(lua_State* L) {
  auto& self = lua::check<writer>(L, 1);
  const std::string_view text = lua::to_text(L, 2);
  if (text.data() == nullptr) lua::raise_argument(L, 2);
  self.literal(text);
  return 0;
}

int writer_generate(lua_State* L) {
  lua::push_text(L, lua::check<writer>(L, 1).text());
  static_cast<void>(lua::take<writer>(L, 1));
  return 1;
}

int writer_level(lua_State* L) {
  lua_pushnumber(L, static_cast<lua_Number>(lua::check<writer>(L, 1).level()));
  return 1;
}

constexpr lua::class_method writer_methods[] = {
    {"value", writer_value},           {"begin_object", writer_begin_object},
    {"end_object", writer_end_object}, {"begin_array", writer_begin_array},
    {"end_array", writer_end_array},   {"literal", writer_literal},
    {"generate", writer_generate},
};

constexpr lua::class_property writer_properties[] = {{"level", writer_level}};

// --- for lua/modules/json.lua -----------------------------------------------

// raise_argument(position or option): EINVAL with that as `arg`.
int raise_argument(lua_State* L) {
  if (lua_type(L, 1) == LUA_TNUMBER) lua::raise_argument(L, static_cast<int>(lua_tointeger(L, 1)));
  lua::raise_argument(L, lua::to_text(L, 1));
}

// set_indent(writer, indent): what would not be white space to a reader is refused.
int set_indent(lua_State* L) {
  writer* out = lua::to<writer>(L, 1);
  if (out == nullptr) lua::raise_argument(L, "state");
  const std::string_view indent = lua::to_text(L, 2);
  if (indent.data() == nullptr || indent.find_first_not_of(" \t\r\n") != indent.npos)
    lua::raise_argument(L, "indent");
  out->set_indent(indent);
  return 0;
}

constexpr lua::class_method native_functions[] = {
    {"begin", json::begin_encoding},   {"generate", writer_generate},
    {"new_writer", new_writer},        {"raise_argument", raise_argument},
    {"resume", json::resume_encoding}, {"set_indent", set_indent},
};

constexpr lua::class_method functions[] = {
    {"decode", json::decode},
    {"is_array", is_array},
    {"into_array", into_array},
};

constexpr lua::class_method writer_functions[] = {{"new", new_writer}};

}  // namespace

void push_json(lua_State* L) {
  lua::push_embedded(L, json_modules, "json");
  lua::push_functions(L, functions);
  lua::push_functions(L, writer_functions);
  lua_setfield(L, -2, "writer");
  json::push_null(L);
  lua_setfield(L, -2, "null");
  lua::push_category(L, json::lexer_category());
  lua_setfield(L, -2, "lexer_ecat");
  lua::push_category(L, dom_category());
  lua_setfield(L, -2, "dom_ecat");
  lua::push_functions(L, native_functions);
  lua_call(L, 2, 1);
}

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::json::writer>() {
  static const class_info info{.name = "json.writer",
                               .methods = emilua::bindings::writer_methods,
                               .properties = emilua::bindings::writer_properties};
  return info;
}
