#include "lib/actor/local_message.h"

#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "lib/actor/inbox.h"
#include "lib/actor/local_channel.h"
#include "lib/actor/mailbox.h"
#include "lib/base/file.h"
#include "lib/bindings/errors/dom_error.h"
#include "lib/bindings/io/file_descriptor.h"
#include "lib/lua/class.h"
#include "lib/lua/error.h"

namespace emilua::actor {
namespace {

// What a token of the copy begins with. Numbers, sizes and counts follow as they lie in memory;
// descriptors and addresses come in the order of their vectors.
enum class tag : char {
  no,
  yes,
  number,      // double
  string,      // size, bytes
  list,        // count, values
  dictionary,  // count, strings and values by turns
  descriptor,
  address,
};

using count_type = std::uint64_t;

}  // namespace

local_message::local_message() = default;
local_message::local_message(local_message&&) noexcept = default;
local_message& local_message::operator=(local_message&&) noexcept = default;
local_message::~local_message() = default;

// --- from Lua -------------------------------------------------------------

// The table that is being copied lies on the stack, with the key that was reached; those around it
// wait in a Lua table, the outermost first.
class message_copier {
 public:
  message_copier(lua_State* L, local_message& out) : L_(L), out_(out) {}

  void copy(int index) {
    luaL_checkstack(L_, 8, "message");
    lua_pushvalue(L_, index);
    if (lua_istable(L_, -1)) {
      if (!enter()) lua::raise(L_, std::errc::invalid_argument);
      lua_pushnil(L_);
      lua_insert(L_, -2);
      around_ = lua_gettop(L_) - 1;
      while (!frames_.empty()) step();
    } else if (!add_leaf()) {
      lua::raise(L_, lua_isuserdata(L_, -1) && !lua_islightuserdata(L_, -1)
                         ? std::errc::not_supported
                         : std::errc::invalid_argument);
    }
  }

 private:
  struct frame {
    const void* table;
    std::size_t count_at;  // where the count is to be written
    count_type count = 0;
    bool list;
    bool has_key = false;  // a dictionary that is under way: its key lies above it
  };

  void put(tag t) { out_.tokens_ += static_cast<char>(t); }
  template <class T>
  void put_raw(const T& value) {
    out_.tokens_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void put_text(int index) {
    const std::string_view text = lua::to_text(L_, index);
    put(tag::string);
    put_raw(static_cast<count_type>(text.size()));
    out_.tokens_ += text;
  }

  // Begins the table on top of the stack. False if it has a metatable.
  bool enter() {
    if (lua_getmetatable(L_, -1)) {
      lua_pop(L_, 1);
      return false;
    }
    const void* table = lua_topointer(L_, -1);
    if (!path_.insert(table).second) lua::raise(L_, bindings::dom_errc::cycle_exists);
    const bool list = lua_objlen(L_, -1) != 0;
    put(list ? tag::list : tag::dictionary);
    frames_.push_back({.table = table, .count_at = out_.tokens_.size(), .list = list});
    put_raw(count_type{0});
    return true;
  }

  // Ends the table at the top of the stack, and goes back to the one around it.
  void leave() {
    const frame& f = frames_.back();
    std::memcpy(out_.tokens_.data() + f.count_at, &f.count, sizeof f.count);
    path_.erase(f.table);
    frames_.pop_back();
    lua_pop(L_, 1);
    if (frames_.empty()) return;
    const int depth = static_cast<int>(frames_.size());
    lua_rawgeti(L_, around_, 2 * depth - 1);
    if (!frames_.back().list) lua_rawgeti(L_, around_, 2 * depth);
  }

  // The stack is …, table and, in a dictionary that is under way, key.
  void step() {
    frame& f = frames_.back();
    if (f.list) {
      lua_rawgeti(L_, -1, static_cast<int>(f.count + 1));
      if (lua_isnil(L_, -1) || !add_element()) {
        lua_pop(L_, 1);
        leave();
      }
      return;
    }
    if (!std::exchange(f.has_key, true)) lua_pushnil(L_);
    if (lua_next(L_, -2) == 0) return leave();
    if (lua_type(L_, -2) != LUA_TSTRING) return lua_pop(L_, 1);
    const std::size_t before = out_.tokens_.size();
    put_text(-2);
    if (!add_element()) {
      out_.tokens_.resize(before);
      lua_pop(L_, 1);
    }
  }

  // Takes the value on top of the stack as the next one of its table, unless it cannot be sent.
  bool add_element() {
    if (!lua_istable(L_, -1)) {
      if (!add_leaf()) return false;
      ++frames_.back().count;
      lua_pop(L_, 1);
      return true;
    }
    // enter() makes the frames move.
    const std::size_t outer = frames_.size() - 1;
    if (!enter()) return false;
    ++frames_[outer].count;
    suspend(static_cast<int>(outer) + 1, frames_[outer].list);
    return true;
  }

  // The table below the top, with its key, gives way to the one on top.
  void suspend(int depth, bool list) {
    if (lua_isnil(L_, around_)) {
      lua_newtable(L_);
      lua_replace(L_, around_);
    }
    const int inner = lua_gettop(L_);
    if (!list) {
      lua_pushvalue(L_, inner - 1);
      lua_rawseti(L_, around_, 2 * depth);
      lua_remove(L_, inner - 1);
    }
    lua_insert(L_, -2);
    lua_rawseti(L_, around_, 2 * depth - 1);
  }

  // False if the value on top cannot be sent.
  bool add_leaf() {
    switch (lua_type(L_, -1)) {
      case LUA_TBOOLEAN:
        put(lua_toboolean(L_, -1) != 0 ? tag::yes : tag::no);
        return true;
      case LUA_TNUMBER:
        put(tag::number);
        put_raw(lua_tonumber(L_, -1));
        return true;
      case LUA_TSTRING:
        put_text(-1);
        return true;
      case LUA_TUSERDATA:
        return add_object();
      default:
        return false;
    }
  }

  bool add_object() {
    if (const auto* descriptor = lua::to<bindings::file_descriptor>(L_, -1)) {
      if (descriptor->is_busy()) {
        if (frames_.empty()) lua::raise(L_, std::errc::device_or_resource_busy);
        return false;
      }
      auto copy = base::duplicate(descriptor->number());
      if (!copy) lua::raise(L_, copy.error());
      put(tag::descriptor);
      out_.fds_.push_back(std::move(*copy));
      return true;
    }
    const auto* channel = lua::to<local_channel>(L_, -1);
    if (channel != nullptr && channel->to) {
      out_.addresses_.push_back(*channel->to);
    } else if (is_inbox(L_, -1)) {
      out_.addresses_.emplace_back(fiber::vm::of(L_).extension<inbox>().box());
    } else {
      return false;
    }
    put(tag::address);
    return true;
  }

  lua_State* L_;
  local_message& out_;
  std::vector<frame> frames_;
  absl::flat_hash_set<const void*> path_;
  int around_ = 0;
};

local_message local_message::copy(lua_State* L, int index) {
  local_message message;
  const int top = lua_gettop(L);
  message_copier{L, message}.copy(index);
  lua_settop(L, top);
  return message;
}

// --- to Lua ---------------------------------------------------------------

// As above: the table that is being filled lies on the stack, with a key if it has one; those
// around it wait in a Lua table.
class message_builder {
 public:
  message_builder(lua_State* L, local_message& in) : L_(L), in_(in) {}

  void push() {
    luaL_checkstack(L_, 8, "message");
    lua_pushnil(L_);
    around_ = lua_gettop(L_);
    do {
      add_value();
      while (!frames_.empty() && frames_.back().done == frames_.back().count) leave();
    } while (!frames_.empty());
    lua_remove(L_, around_);
  }

 private:
  struct frame {
    count_type count;
    bool list;
    count_type done = 0;
  };

  template <class T>
  T get() {
    T value;
    std::memcpy(&value, in_.tokens_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }

  void push_string() {
    const auto size = get<count_type>();
    lua_pushlstring(L_, in_.tokens_.data() + at_, size);
    at_ += size;
  }

  // Reads a value, with the key before it in a dictionary.
  void add_value() {
    if (!frames_.empty() && !frames_.back().list) {
      static_cast<void>(get<tag>());
      push_string();
    }
    switch (const tag t = get<tag>()) {
      case tag::no:
      case tag::yes:
        lua_pushboolean(L_, t == tag::yes);
        break;
      case tag::number:
        lua_pushnumber(L_, get<double>());
        break;
      case tag::string:
        push_string();
        break;
      case tag::list:
      case tag::dictionary:
        return enter(t == tag::list);
      case tag::descriptor:
        bindings::push_file_descriptor(L_, std::move(in_.fds_[next_fd_++]));
        break;
      case tag::address:
        push_local_channel(L_, std::move(in_.addresses_[next_address_++]));
        break;
    }
    store();
  }

  // Puts the value on top into the table below it.
  void store() {
    if (frames_.empty()) return;
    frame& f = frames_.back();
    ++f.done;
    if (f.list)
      lua_rawseti(L_, -2, static_cast<int>(f.done));
    else
      lua_rawset(L_, -3);
  }

  void enter(bool list) {
    const auto count = get<count_type>();
    if (!frames_.empty()) suspend();
    frames_.push_back({.count = count, .list = list});
    const int size = static_cast<int>(std::min<count_type>(count, 1U << 20));
    lua_createtable(L_, list ? size : 0, list ? 0 : size);
  }

  void suspend() {
    if (lua_isnil(L_, around_)) {
      lua_newtable(L_);
      lua_replace(L_, around_);
    }
    const int depth = static_cast<int>(frames_.size());
    if (!frames_.back().list) lua_rawseti(L_, around_, 2 * depth);
    lua_rawseti(L_, around_, 2 * depth - 1);
  }

  // The table on top is complete: it becomes a value of the one around it.
  void leave() {
    frames_.pop_back();
    if (frames_.empty()) return;
    const int depth = static_cast<int>(frames_.size());
    lua_rawgeti(L_, around_, 2 * depth - 1);
    lua_insert(L_, -2);
    if (!frames_.back().list) {
      lua_rawgeti(L_, around_, 2 * depth);
      lua_insert(L_, -2);
    }
    store();
  }

  lua_State* L_;
  local_message& in_;
  std::vector<frame> frames_;
  std::size_t at_ = 0, next_fd_ = 0, next_address_ = 0;
  int around_ = 0;
};

void local_message::push(lua_State* L) && { message_builder{L, *this}.push(); }

}  // namespace emilua::actor
