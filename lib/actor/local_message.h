// A Lua value between two VMs of one process: a deep copy that belongs to neither.
//
//   auto message = local_message::copy(L, 2);      // raises if the value cannot be sent
//   …
//   std::move(message).push(R);                    // a fresh value in the other VM
//
// Sent are booleans, numbers, strings, file descriptors (duplicated), addresses of actors of this
// process, the inbox (as its address), and tables of these without metatable. A table with a raw
// length is a list: it ends at its first nil or unsendable element, and its other keys are lost.
// Any other table is a dictionary: string keys with sendable values arrive, the rest is lost. What
// cannot be sent raises only as the message itself: EINVAL, or ENOTSUP for objects. A table inside
// itself raises emilua.json.dom 4. Sharing is not preserved. No metamethod is called, and neither
// the C nor the Lua stack limits the depth.
#pragma once

#include <lua.hpp>
#include <string>
#include <vector>

#include "lib/base/unique_fd.h"

namespace emilua::actor {

class address;

class local_message {
 public:
  [[nodiscard]] static local_message copy(lua_State* L, int index);

  local_message(local_message&&) noexcept;
  local_message& operator=(local_message&&) noexcept;
  ~local_message();

  void push(lua_State* L) &&;

 private:
  friend class message_copier;
  friend class message_builder;

  local_message();

  std::string tokens_;
  std::vector<base::unique_fd> fds_;
  std::vector<address> addresses_;
};

}  // namespace emilua::actor
