#include "lib/actor/value.h"

#include <limits>
#include <optional>

#include "lib/actor/channel.h"
#include "lib/actor/inbox.h"
#include "lib/actor/local_channel.h"
#include "lib/bindings/io/file_descriptor.h"
#include "lib/lua/class.h"
#include "lib/lua/error.h"

namespace emilua::actor {
namespace {

struct table_shape {
  std::uint32_t list_length = 0;
  std::uint32_t pair_count = 0;
};

// Nothing but 1..n and strings may be a key.
std::optional<table_shape> shape_of(lua_State* L, int index) {
  const std::size_t length = lua_objlen(L, index);
  std::size_t listed = 0, pairs = 0;
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    lua_pop(L, 1);
    if (lua_type(L, -1) == LUA_TSTRING) {
      ++pairs;
    } else if (lua_type(L, -1) == LUA_TNUMBER) {
      const double key = lua_tonumber(L, -1);
      if (!(key >= 1 && key <= static_cast<double>(length)) ||
          key != static_cast<double>(static_cast<std::size_t>(key)))
        return std::nullopt;
      ++listed;
    } else {
      return std::nullopt;
    }
  }
  // A hole: some elements after it could not be reached by the receiver's `#` and ipairs either.
  if (listed != length || length > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return table_shape{static_cast<std::uint32_t>(length), static_cast<std::uint32_t>(pairs)};
}

}  // namespace

outgoing_value::outgoing_value(lua_State* L, int index, int argument) : argument_(argument) {
  add(L, index, 1);
}

void outgoing_value::refuse(lua_State* L) const { lua::raise_argument(L, argument_); }

void outgoing_value::add(lua_State* L, int index, std::size_t depth) {
  switch (lua_type(L, index)) {
    case LUA_TBOOLEAN:
      return writer_.boolean(lua_toboolean(L, index));
    case LUA_TNUMBER:
      return writer_.number(lua_tonumber(L, index));
    case LUA_TSTRING: {
      const std::string_view text = lua::to_text(L, index);
      if (text.size() > ipc::message_limits{}.bytes) lua::raise(L, std::errc::message_size);
      writer_.string(text);
      // A table of many references to one string must not make us build gigabytes first.
      if (writer_.bytes().size() > ipc::message_limits{}.bytes)
        lua::raise(L, std::errc::message_size);
      return;
    }
    case LUA_TTABLE:
      return add_table(L, index, depth);
    case LUA_TUSERDATA:
      return add_object(L, index);
    default:
      refuse(L);
  }
}

void outgoing_value::add_table(lua_State* L, int index, std::size_t depth) {
  if (depth > ipc::message_limits{}.depth) refuse(L);
  luaL_checkstack(L, 6, "message");
  if (lua_getmetatable(L, index)) refuse(L);
  const auto shape = shape_of(L, index);
  if (!shape) refuse(L);
  writer_.begin_table(shape->list_length, shape->pair_count);
  for (std::uint32_t i = 1; i <= shape->list_length; ++i) {
    lua_rawgeti(L, index, static_cast<int>(i));
    add(L, lua_gettop(L), depth + 1);
    lua_pop(L, 1);
  }
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    if (lua_type(L, -2) == LUA_TSTRING) {
      add(L, lua_gettop(L) - 1, depth + 1);
      add(L, lua_gettop(L), depth + 1);
    }
    lua_pop(L, 1);
  }
}

void outgoing_value::add_object(lua_State* L, int index) {
  if (lua::to<bindings::file_descriptor>(L, index) != nullptr) {
    writer_.descriptor(bindings::check_file_descriptor(L, index));
  } else if (const auto* channel = lua::to<ipc_channel>(L, index)) {
    if (!channel->is_open()) refuse(L);
    writer_.address(channel->native());
  } else if (const auto* local = lua::to<local_channel>(L, index)) {
    if (!local->to) refuse(L);
    add_new_address(L, new_address(*local->to->box()));
  } else if (is_inbox(L, index)) {
    add_new_address(L, new_address(L));
  } else {
    refuse(L);
  }
}

void outgoing_value::add_new_address(lua_State* L, base::result<base::unique_fd> fd) {
  if (!fd) lua::raise(L, fd.error());
  writer_.address(addresses_.emplace_back(std::move(*fd)).get());
}

namespace {

class value_builder {
 public:
  value_builder(lua_State* L, ipc::received_message& message)
      : L_(L), message_(message), reader_(message.bytes()) {}

  // The codec's depth limit bounds the recursion.
  void push() {
    luaL_checkstack(L_, 4, "message");
    const ipc::token token = reader_.next();
    switch (token.kind) {
      case ipc::token_kind::boolean:
        return lua_pushboolean(L_, token.boolean);
      case ipc::token_kind::number:
        return lua_pushnumber(L_, token.number);
      case ipc::token_kind::string:
        return lua::push_text(L_, token.string);
      case ipc::token_kind::table:
        return push_table(token);
      case ipc::token_kind::descriptor:
        return bindings::push_file_descriptor(L_, std::move(message_.fds[token.descriptor]));
      case ipc::token_kind::address:
        return push_channel(L_, std::move(message_.fds[token.descriptor]));
    }
  }

 private:
  void push_table(const ipc::token& table) {
    // Counts are bounded by the bytes that came; but a pair takes more room here than there.
    lua_createtable(L_, static_cast<int>(table.list_length),
                    static_cast<int>(std::min<std::uint32_t>(table.pair_count, 1024)));
    for (std::uint32_t i = 1; i <= table.list_length; ++i) {
      push();
      lua_rawseti(L_, -2, static_cast<int>(i));
    }
    for (std::uint32_t i = 0; i < table.pair_count; ++i) {
      push();
      push();
      lua_rawset(L_, -3);
    }
  }

  lua_State* L_;
  ipc::received_message& message_;
  ipc::message_reader reader_;
};

}  // namespace

void push_value(lua_State* L, ipc::received_message& message) { value_builder{L, message}.push(); }

}  // namespace emilua::actor
