#include "lib/bindings/json/decode.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lib/bindings/json/reader.h"
#include "lib/bindings/json/values.h"
#include "lib/lua/class.h"
#include "lib/lua/error.h"

namespace emilua::bindings::json {
namespace {

// What LuaJIT holds in one table: 2^27 slots, the first of which is [0].
constexpr int longest_array = (1 << 27) - 1;

constexpr int largest_guess = 1 << 20;

constexpr int null_index = 2, tag_index = 3, around_index = 4;

// The table that is being filled lies on top of the stack, with a key above it where a value is to
// follow. Each is put into the one around it at once, and those around it wait in a Lua table, the
// outermost first: nesting is bounded by memory alone.
class builder {
 public:
  explicit builder(lua_State* L) : L_(L) {}

  bool null() {
    lua_pushvalue(L_, null_index);
    return store();
  }
  bool boolean(bool value) {
    lua_pushboolean(L_, value);
    return store();
  }
  bool number(double value) {
    lua_pushnumber(L_, value);
    return store();
  }
  bool string(std::string_view text) {
    lua::push_text(L_, text);
    return store();
  }
  void key(std::string_view text) { lua::push_text(L_, text); }

  bool begin_array() {
    level& inner = enter(true);
    lua_createtable(L_, inner.usual_array, 0);
    lua_pushvalue(L_, tag_index);
    lua_setmetatable(L_, -2);
    return nest();
  }
  bool begin_object() {
    lua_createtable(L_, 0, enter(false).usual_object);
    return nest();
  }
  void end_array() {
    levels_[depth_].usual_array = std::min(levels_[depth_].count, largest_guess);
    leave();
  }
  void end_object() {
    levels_[depth_].usual_object = std::min(levels_[depth_].count, largest_guess);
    leave();
  }

 private:
  // Stays when its container has ended: the next one at this depth is often as large. If it is not,
  // the guess is smaller from then on, so that no text takes much more memory than it has bytes.
  struct level {
    int count = 0;
    int usual_array = 0, usual_object = 0;
    bool array = false;
  };

  level& enter(bool array) {
    if (levels_.size() <= depth_ + 1) levels_.emplace_back();
    level& inner = levels_[depth_ + 1];
    inner.array = array;
    inner.count = 0;
    return inner;
  }

  // Puts the new table on top into the one below it, whose place it takes.
  bool nest() {
    if (depth_ != 0) {
      const bool object = !levels_[depth_].array;
      lua_pushvalue(L_, -1);
      lua_insert(L_, object ? -4 : -3);  // …, new, table around it, its key, new
      if (!store()) return false;
      lua_rawseti(L_, around_index, static_cast<int>(depth_));
    }
    ++depth_;
    return true;
  }

  void leave() {
    if (--depth_ == 0) return;
    lua_pop(L_, 1);
    lua_rawgeti(L_, around_index, static_cast<int>(depth_));
  }

  // Puts the value on top into the table below it.
  bool store() {
    if (depth_ == 0) return true;
    level& l = levels_[depth_];
    if (!l.array) {
      ++l.count;
      lua_rawset(L_, -3);
      return true;
    }
    if (l.count == longest_array) return false;
    lua_rawseti(L_, -2, ++l.count);
    return true;
  }

  lua_State* L_;
  std::vector<level> levels_{1};  // the first one is not used
  std::size_t depth_ = 0;
};

void push_path(lua_State* L, const path& steps) {
  lua_createtable(L, static_cast<int>(steps.size()), 0);
  int count = 0;
  for (const auto& step : steps) {
    if (const auto* key = std::get_if<std::string>(&step))
      lua::push_text(L, *key);
    else
      lua_pushnumber(L, static_cast<lua_Number>(std::get<std::size_t>(step)));
    lua_rawseti(L, -2, ++count);
  }
}

int raise_read_error(lua_State* L, std::string_view text, const read_error& error) {
  lua::push(L, error.code);
  lua_pushnumber(L, static_cast<lua_Number>(error.offset + 1));
  lua_setfield(L, -2, "position");
  if (error.code.category() == dom_category()) {
    push_path(L, path_to(text, error.offset));
    lua_setfield(L, -2, "path");
  }
  return lua_error(L);
}

}  // namespace

int decode(lua_State* L) {
  const std::string_view text = lua::to_text(L, 1);
  if (text.data() == nullptr) lua::raise_argument(L, 1);
  lua_settop(L, 1);
  luaL_checkstack(L, 12, "json");
  push_null(L);
  push_array_tag(L);
  lua_newtable(L);
  builder handler{L};
  if (const auto error = read(text, handler)) return raise_read_error(L, text, *error);
  return 1;
}

}  // namespace emilua::bindings::json
