// Lua values as messages between processes.
//
//   outgoing_value value{L, 2};                  // raises if the value cannot be sent
//   auto message = ipc::outgoing_message::prepare(value.writer());
//   …
//   push_value(L, received);                     // a fresh value, tables without metatables
//
// Sent are booleans, numbers, strings, tables of these (the elements 1..#t and all string keys; any
// other key raises, so that nothing is lost in silence), file descriptors, channels and the inbox,
// whose address is sent. Everything else raises EINVAL with arg = 2, wherever in the tree it is; so
// do tables with a metatable, tables nested too deep and cycles.
#pragma once

#include <lua.hpp>
#include <vector>

#include "lib/base/unique_fd.h"
#include "lib/ipc/codec.h"
#include "lib/ipc/message.h"

namespace emilua::actor {

class outgoing_value {
 public:
  // Encodes the value at `index`, from whose objects it borrows descriptors. `argument` is what
  // errors name.
  outgoing_value(lua_State* L, int index, int argument = 2);

  [[nodiscard]] const ipc::message_writer& writer() const noexcept { return writer_; }

 private:
  void add(lua_State* L, int index, std::size_t depth);
  void add_table(lua_State* L, int index, std::size_t depth);
  void add_object(lua_State* L, int index);
  [[noreturn]] void refuse(lua_State* L) const;
  void add_new_address(lua_State* L, base::result<base::unique_fd> fd);

  int argument_;
  ipc::message_writer writer_;
  std::vector<base::unique_fd> addresses_;  // those made for this message
};

// Pushes the value of a message that receive_message() has verified, and takes its descriptors.
void push_value(lua_State* L, ipc::received_message& message);

}  // namespace emilua::actor
