// ipc_actor_channel: the sending handle of an actor in another process.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <lua.hpp>
#include <memory>

#include "lib/actor/children.h"
#include "lib/base/unique_fd.h"
#include "lib/lua/class.h"

namespace emilua::actor {

class ipc_channel {
 public:
  // `fd` is the writing end of a channel; `child` is null unless the actor is our own child.
  ipc_channel(lua_State* L, base::unique_fd fd, std::shared_ptr<child_process> child);

  [[nodiscard]] bool is_open() const noexcept { return socket_ != nullptr; }
  [[nodiscard]] int native() const noexcept { return socket_->native_handle(); }
  [[nodiscard]] const std::shared_ptr<boost::asio::posix::stream_descriptor>& socket()
      const noexcept {
    return socket_;
  }
  // Null for a handle that came in a message, and after close, kill or detach.
  [[nodiscard]] const std::shared_ptr<child_process>& child() const noexcept { return child_; }

  void close();
  void detach();

 private:
  std::shared_ptr<boost::asio::posix::stream_descriptor> socket_;
  std::shared_ptr<child_process> child_;
};

// Pushes a handle for an address that came in a message.
void push_channel(lua_State* L, base::unique_fd fd);
// Pushes the handle of a new child.
void push_channel(lua_State* L, base::unique_fd fd, std::shared_ptr<child_process> child);

}  // namespace emilua::actor

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::actor::ipc_channel>();
