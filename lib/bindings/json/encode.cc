#include "lib/bindings/json/encode.h"

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/bindings/errors/dom_error.h"
#include "lib/bindings/json/lexer_error.h"
#include "lib/bindings/json/values.h"
#include "lib/bindings/json/writer.h"
#include "lib/lua/class.h"
#include "lib/lua/error.h"

namespace emilua::bindings::json {
namespace {

constexpr int writer_index = 1, visited_index = 2, around_index = 3, walk_index = 4;

// The table that is being written lies on top of the stack, with the key that was reached if it is
// an object; those around it wait in a Lua table, the outermost first: nesting is bounded by memory
// alone. When a hook is to be called, its object and all around it wait there.
class walk {
 public:
  // `shared`: there may be keys in `visited` that are not of this walk.
  walk(const void* null, const void* array_tag, bool shared)
      : null_(null), array_tag_(array_tag), shared_(shared) {}

  // Of the value on top of the stack. True, with the hook and its object pushed, if one is to be
  // called before it goes on.
  bool begin(lua_State* L, writer& out) {
    attach(L, out);
    switch (put()) {
      case outcome::unfit:
        lua::raise(L_, std::errc::invalid_argument);
      case outcome::written:
        return false;
      case outcome::entered:
        return go_on();
      case outcome::hooked:
        return stop();
    }
    return false;
  }

  bool resume(lua_State* L, writer& out) {
    attach(L, out);
    lua_rawgeti(L_, around_index, key_place() - 1);
    leave();
    return go_on();
  }

 private:
  enum class outcome {
    written,
    entered,  // a table: it has become the innermost one
    hooked,   // a hook is to be called: it lies above its object, which has become the innermost
    unfit,    // cannot be written
  };

  enum class frame_kind : char { array, object, hooked };

  struct frame {
    const void* value;
    int next = 1;  // the element of an array to be written next
    frame_kind kind;
    bool has_key = false;  // an object that is under way: its key lies above it
    bool marked = false;   // a key of `visited`
  };

  void attach(lua_State* L, writer& out) {
    L_ = L;
    out_ = &out;
  }

  // Where in the table of those around it the innermost value's key goes; it itself goes before it.
  [[nodiscard]] int key_place() const { return 2 * static_cast<int>(frames_.size()); }

  bool go_on() {
    while (!frames_.empty()) {
      const bool stops = frames_.back().kind == frame_kind::array ? put_element() : put_member();
      if (stops) return stop();
    }
    return false;
  }

  // True if a hook is to be called.
  bool put_element() {
    frame& f = frames_.back();
    lua_rawgeti(L_, -1, f.next);
    if (lua_isnil(L_, -1)) {
      lua_pop(L_, 1);
      finish(out_->end_array());
      return false;
    }
    ++f.next;
    const outcome o = put();
    if (o == outcome::unfit) lua::raise(L_, std::errc::invalid_argument);
    return o == outcome::hooked;
  }

  bool put_member() {
    frame& f = frames_.back();
    if (!std::exchange(f.has_key, true)) lua_pushnil(L_);
    if (lua_next(L_, -2) == 0) {
      finish(out_->end_object());
      return false;
    }
    if (lua_type(L_, -2) != LUA_TSTRING || !can_be_written()) {
      lua_pop(L_, 1);
      return false;
    }
    out_->string(lua::to_text(L_, -2));
    return put() == outcome::hooked;
  }

  // The innermost table has been written, if no hook has left its own containers open.
  void finish(bool matches) {
    if (!matches) lua::raise(L_, lexer_errc::unexpected_token);
    leave();
  }

  // Of the value on top, which stays.
  bool can_be_written() {
    switch (lua_type(L_, -1)) {
      case LUA_TBOOLEAN:
      case LUA_TNUMBER:
      case LUA_TSTRING:
      case LUA_TTABLE:
        return true;
      case LUA_TUSERDATA:
        if (!push_hook()) return false;
        lua_pop(L_, 1);
        return true;
      default:
        return false;
    }
  }

  // Takes the value on top, unless it is unfit.
  outcome put() {
    switch (lua_type(L_, -1)) {
      case LUA_TBOOLEAN:
        out_->boolean(lua_toboolean(L_, -1) != 0);
        break;
      case LUA_TNUMBER:
        out_->number(lua_tonumber(L_, -1));
        break;
      case LUA_TSTRING:
        out_->string(lua::to_text(L_, -1));
        break;
      case LUA_TTABLE:
        return put_table();
      case LUA_TUSERDATA:
        if (!push_hook()) return outcome::unfit;
        enter(-2, frame_kind::hooked);
        return outcome::hooked;
      default:
        return outcome::unfit;
    }
    lua_pop(L_, 1);
    return outcome::written;
  }

  outcome put_table() {
    bool tagged = false;
    if (lua_getmetatable(L_, -1)) {
      tagged = lua_topointer(L_, -1) == array_tag_;
      lua_pop(L_, 1);
      if (lua_topointer(L_, -1) == null_) {
        out_->null();
        lua_pop(L_, 1);
        return outcome::written;
      }
      if (!tagged && push_hook()) {
        enter(-2, frame_kind::hooked);
        return outcome::hooked;
      }
    }
    const bool array = tagged || lua_objlen(L_, -1) != 0;
    enter(-1, array ? frame_kind::array : frame_kind::object);
    if (array)
      out_->begin_array();
    else
      out_->begin_object();
    return outcome::entered;
  }

  // Pushes the raw `__tojson` of the metatable of the value on top, if there is one.
  bool push_hook() {
    if (!lua_getmetatable(L_, -1)) return false;
    lua_pushliteral(L_, "__tojson");
    lua_rawget(L_, -2);
    lua_remove(L_, -2);
    if (!lua_isnil(L_, -1)) return true;
    lua_pop(L_, 1);
    return false;
  }

  // Makes the value at `index`, the top or just below it, the innermost one. What it is in gives
  // way to it.
  void enter(int index, frame_kind kind) {
    const int top = lua_gettop(L_);
    const int value = top + 1 + index;
    const void* address = lua_topointer(L_, value);
    if (!path_.insert(address).second || is_visited(value)) lua::raise(L_, dom_errc::cycle_exists);
    if (!frames_.empty()) {
      if (frames_.back().kind == frame_kind::object) {
        lua_pushvalue(L_, value - 1);
        lua_rawseti(L_, around_index, key_place());
        lua_remove(L_, value - 1);
      }
      const int table = lua_gettop(L_) + index;
      lua_pushvalue(L_, table);
      lua_rawseti(L_, around_index, key_place() - 1);
      lua_remove(L_, table);
    }
    frames_.push_back({.value = address, .kind = kind});
  }

  bool is_visited(int index) {
    if (!shared_) return false;
    lua_pushvalue(L_, index);
    lua_rawget(L_, visited_index);
    const bool visited = !lua_isnil(L_, -1);
    lua_pop(L_, 1);
    return visited;
  }

  // The value on top, the innermost, has been written: back to what it is in.
  void leave() {
    const frame f = frames_.back();
    if (f.marked) {
      lua_pushvalue(L_, -1);
      lua_pushnil(L_);
      lua_rawset(L_, visited_index);
    }
    path_.erase(f.value);
    frames_.pop_back();
    lua_pop(L_, 1);
    if (frames_.empty()) return;
    lua_rawgeti(L_, around_index, key_place() - 1);
    if (frames_.back().kind == frame_kind::object) lua_rawgeti(L_, around_index, key_place());
  }

  // With a hook above its object on top of the stack, and nothing else: see begin().
  bool stop() {
    lua_pushvalue(L_, -2);
    lua_rawseti(L_, around_index, key_place() - 1);
    shared_ = true;  // a hook may mark what it likes
    // What was marked at an earlier hook still is: all frames around a marked one are.
    std::size_t depth = frames_.size();
    for (; depth != 0 && !frames_[depth - 1].marked; --depth) {
      frames_[depth - 1].marked = true;
      lua_rawgeti(L_, around_index, 2 * static_cast<int>(depth) - 1);
      lua_pushboolean(L_, 1);
      lua_rawset(L_, visited_index);
    }
    lua_insert(L_, -2);
    return true;
  }

  const void* null_;
  const void* array_tag_;
  bool shared_;
  std::vector<frame> frames_;
  boost::unordered_flat_set<const void*> path_;
  // Valid only while it runs:
  lua_State* L_ = nullptr;
  writer* out_ = nullptr;
};

writer& check_state(lua_State* L) {
  writer* out = lua::to<writer>(L, writer_index);
  if (out == nullptr || !lua_istable(L, visited_index)) lua::raise_argument(L, "state");
  luaL_checkstack(L, 12, "json");
  return *out;
}

}  // namespace
}  // namespace emilua::bindings::json

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::json::walk>() {
  static const class_info info{.name = "json.walk"};
  return info;
}

namespace emilua::bindings::json {

// begin(writer, visited, value, shared) -> [hook, object, around, walk]
int begin_encoding(lua_State* L) {
  writer& out = check_state(L);
  const bool shared = lua_toboolean(L, 4) != 0;
  lua_settop(L, 3);
  push_null(L);
  push_array_tag(L);
  walk w{lua_topointer(L, -2), lua_topointer(L, -1), shared};
  lua_pop(L, 2);
  lua_newtable(L);
  lua_insert(L, around_index);
  lua_pushnil(L);  // where resume has the walk
  lua_insert(L, walk_index);
  if (!w.begin(L, out)) return 0;
  lua_pushvalue(L, around_index);
  lua::push_new<walk>(L, std::move(w));
  return 4;
}

// resume(writer, visited, around, walk) -> [hook, object]
int resume_encoding(lua_State* L) {
  writer& out = check_state(L);
  lua_settop(L, 4);
  return lua::check<walk>(L, walk_index).resume(L, out) ? 2 : 0;
}

}  // namespace emilua::bindings::json
