// ipc_actor_channel: the sending handle of an actor in another process.
#pragma once

#include <lua.hpp>
#include <memory>

#include "lib/actor/children.h"
#include "lib/base/unique_fd.h"
#include "lib/bindings/io/operation_queue.h"
#include "lib/lua/class.h"

namespace emilua::actor {

class ipc_channel {
 public:
  // `fd` is the writing end of a channel; `child` is null unless the actor is our own child.
  ipc_channel(lua_State* L, base::unique_fd fd, std::shared_ptr<child_process> child);
  ipc_channel(const ipc_channel&) = delete;
  ipc_channel& operator=(const ipc_channel&) = delete;
  ~ipc_channel() { close(); }

  [[nodiscard]] bool is_open() const noexcept { return sends_ != nullptr; }
  [[nodiscard]] int native() const { return sends_->native(); }
  // The sends under way; null when closed.
  [[nodiscard]] const std::shared_ptr<bindings::operation_queue>& sends() const noexcept {
    return sends_;
  }
  // Null for a handle that came in a message, and after close, kill or detach.
  [[nodiscard]] std::shared_ptr<child_process> child() const noexcept {
    return is_open() ? child_ : nullptr;
  }
  // The same, but for close and kill: how a child ended is known after them too.
  [[nodiscard]] const std::shared_ptr<child_process>& awaited() const noexcept { return child_; }

  void close();
  void detach();

 private:
  std::shared_ptr<bindings::operation_queue> sends_;
  std::shared_ptr<child_process> child_;
};

// Pushes a handle for an address that came in a message.
void push_channel(lua_State* L, base::unique_fd fd);
// Pushes the handle of a new child.
void push_channel(lua_State* L, base::unique_fd fd, std::shared_ptr<child_process> child);

}  // namespace emilua::actor

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::actor::ipc_channel>();
