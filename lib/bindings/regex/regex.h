// The module `regex`: expressions of three grammars over strings and byte_spans (lib/regex).
//
//   if (const auto* e = lua::to<regex::expression>(L, 2)) …   // an object made by regex.new
#pragma once

#include <lua.hpp>

#include "lib/lua/class.h"
#include "lib/regex/expression.h"

namespace emilua::bindings {

void push_regex(lua_State* L);

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::regex::expression>();
