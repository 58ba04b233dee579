#include "lib/bindings/regex/regex.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

#include "lib/bindings/byte_span/byte_span.h"
#include "lib/lua/error.h"
#include "lib/regex/matcher.h"
#include "lib/scanner/fields.h"

namespace emilua::bindings {
namespace {

using lua::check;
using regex::expression;
using regex::match_flags;
using regex::range;

constexpr std::pair<std::string_view, regex::grammar> grammars[] = {
    {"basic", regex::grammar::basic},
    {"extended", regex::grammar::extended},
    {"ecma", regex::grammar::ecma},
};

constexpr std::pair<const char*, match_flags> flag_names[] = {
    {"not_bol", match_flags::not_bol},
    {"not_eol", match_flags::not_eol},
    {"not_bow", match_flags::not_bow},
    {"not_eow", match_flags::not_eow},
    {"any", match_flags::any},
    {"not_null", match_flags::not_null},
    {"continuous", match_flags::continuous},
};

// --- new -----------------------------------------------------------------------------------------

// The string that an option holds; it stays on the stack.
std::string_view string_option(lua_State* L, const char* name) {
  lua_getfield(L, 1, name);
  const std::string_view text = lua::to_text(L, -1);
  if (text.data() == nullptr)
    luaL_error(L, "bad option '%s' (string expected, got %s)", name, luaL_typename(L, -1));
  return text;
}

bool flag_option(lua_State* L, const char* name) {
  lua_getfield(L, 1, name);
  if (!lua_isnil(L, -1) && !lua_isboolean(L, -1)) lua::raise_argument(L, name);
  const bool value = lua_toboolean(L, -1) != 0;
  lua_pop(L, 1);
  return value;
}

int make(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  const std::string_view pattern = string_option(L, "pattern");
  const std::string_view name = string_option(L, "grammar");
  const auto* syntax = std::ranges::find(grammars, name, [](const auto& g) { return g.first; });
  if (syntax == std::end(grammars)) lua::raise_argument(L, "grammar");
  const regex::options how{.ignore_case = flag_option(L, "ignore_case"),
                           .nosubs = flag_option(L, "nosubs"),
                           .optimize = flag_option(L, "optimize")};
  auto compiled = expression::compile(pattern, syntax->second, how);
  if (!compiled) {
    const auto [code, position] = compiled.error();
    if (position == std::string_view::npos) lua::raise(L, code);
    lua::raise(L, code, {"position", static_cast<int>(position) + 1});
  }
  lua::push_new<expression>(L, std::move(*compiled));
  return 1;
}

// --- subjects and what is found in them ----------------------------------------------------------

// A string or a span, and its parts.
class subject {
 public:
  // Raises EINVAL unless the value at `index` is one.
  subject(lua_State* L, int index) : span_(lua::to<byte_span>(L, index)) {
    text_ = span_ != nullptr ? span_->text() : lua::to_text(L, index);
    if (span_ == nullptr && text_.data() == nullptr) lua::raise_argument(L, index);
  }

  [[nodiscard]] std::string_view text() const noexcept { return text_; }

  // Pushes a part: a string, or a span over the same memory. Of nothing, an empty one.
  void push(lua_State* L, const std::optional<range>& part) const {
    if (span_ == nullptr) {
      lua::push_text(L, part ? text_.substr(part->begin, part->size()) : std::string_view{});
      return;
    }
    byte_span& result = lua::push_new<byte_span>(L);
    if (part) result = span_->part(part->begin, part->size());
  }

 private:
  const byte_span* span_;
  std::string_view text_;
};

match_flags check_flags(lua_State* L, int index) {
  if (lua_isnoneornil(L, index)) return match_flags::none;
  if (lua_type(L, index) != LUA_TNUMBER) lua::raise_argument(L, index);
  const double number = lua_tonumber(L, index);
  if (!(number >= 0 && number <= regex::all_match_flags) || number != std::trunc(number))
    lua::raise_argument(L, index);
  return static_cast<match_flags>(static_cast<std::uint32_t>(number));
}

bool value_of(lua_State* L, const base::result<bool>& result) {
  if (!result) lua::raise(L, result.error());
  return *result;
}

int match(lua_State* L) {
  const auto& self = check<expression>(L, 1);
  const subject str{L, 2};
  const match_flags flags = check_flags(L, 3);
  regex::matcher matcher{self, str.text()};
  if (!value_of(L, matcher.match(flags))) {
    lua_pushnil(L);
    return 1;
  }
  const auto count = static_cast<int>(self.mark_count());
  if (count == 0) {
    lua_pushvalue(L, 2);
    return 1;
  }
  luaL_checkstack(L, count + 8, "too many groups");
  for (int i = 1; i <= count; ++i) str.push(L, matcher.group(static_cast<unsigned>(i)));
  return count;
}

void set_range(lua_State* L, int index, const range& found) {
  lua_createtable(L, 0, 2);
  lua_pushnumber(L, static_cast<lua_Number>(found.begin + 1));
  lua_setfield(L, -2, "start");
  lua_pushnumber(L, static_cast<lua_Number>(found.end));
  lua_setfield(L, -2, "end_");
  lua_rawseti(L, -2, index);
}

int search(lua_State* L) {
  const auto& self = check<expression>(L, 1);
  const subject str{L, 2};
  const match_flags flags = check_flags(L, 3);
  regex::matcher matcher{self, str.text()};
  const bool found = value_of(L, matcher.search(0, flags));
  const auto count = static_cast<int>(self.mark_count());
  lua_createtable(L, found ? count : 0, 2);
  lua_pushboolean(L, !found);
  lua_setfield(L, -2, "empty");
  if (!found) return 1;
  for (int i = 0; i <= count; ++i)
    if (const auto part = matcher.group(static_cast<unsigned>(i))) set_range(L, i, *part);
  return 1;
}

// split and patsplit have no place for groups.
void refuse_groups(lua_State* L, const expression& self) {
  if (self.mark_count() != 0) lua::raise(L, std::errc::not_supported);
}

int push_fields(lua_State* L, const subject& str, const scanner::field_rule& rule) {
  scanner::field_cursor fields{str.text(), rule};
  lua_newtable(L);
  for (int count = 0; value_of(L, fields.next());) {
    str.push(L, fields.field());
    lua_rawseti(L, -2, ++count);
  }
  return 1;
}

int split(lua_State* L) {
  const auto& self = check<expression>(L, 1);
  const subject str{L, 2};
  refuse_groups(L, self);
  return push_fields(L, str, {.separator = &self});
}

int patsplit(lua_State* L) {
  const auto& self = check<expression>(L, 1);
  const subject str{L, 2};
  refuse_groups(L, self);
  return push_fields(L, str, {.pattern = &self});
}

// --- properties ----------------------------------------------------------------------------------

int mark_count(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(check<expression>(L, 1).mark_count()));
  return 1;
}

int grammar(lua_State* L) {
  const regex::grammar syntax = check<expression>(L, 1).syntax();
  lua::push_text(
      L, std::ranges::find(grammars, syntax, [](const auto& g) { return g.second; })->first);
  return 1;
}

template <bool regex::options::*option>
int flag(lua_State* L) {
  lua_pushboolean(L, check<expression>(L, 1).how().*option);
  return 1;
}

const lua::class_property properties[] = {
    {"mark_count", mark_count},
    {"grammar", grammar},
    {"ignore_case", flag<&regex::options::ignore_case>},
    {"nosubs", flag<&regex::options::nosubs>},
    {"optimized", flag<&regex::options::optimize>},
};
const lua::class_method functions[] = {
    {"new", make}, {"match", match}, {"search", search}, {"split", split}, {"patsplit", patsplit}};

}  // namespace

void push_regex(lua_State* L) {
  lua::push_functions(L, functions);
  lua_createtable(L, 0, static_cast<int>(std::size(flag_names)));
  for (const auto& [name, value] : flag_names) {
    lua_pushinteger(L, static_cast<lua_Integer>(value));
    lua_setfield(L, -2, name);
  }
  lua_setfield(L, -2, "match_flag");
}

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::regex::expression>() {
  using namespace emilua::bindings;
  static const class_info info{
      .name = "regex", .properties = properties, .unknown_write = on_write::eperm};
  return info;
}
