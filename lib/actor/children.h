// The processes that one VM has spawned: they die with it unless they are let go.
#pragma once

#include <lua.hpp>
#include <memory>
#include <optional>
#include <unordered_set>

#include "lib/actor/spawn_helper.h"
#include "lib/base/error.h"
#include "lib/base/unique_fd.h"
#include "lib/bindings/io/completion.h"
#include "lib/bindings/io/operation_queue.h"
#include "lib/fiber/vm.h"
#include "lib/ipc/lifeline.h"

namespace emilua::actor {

struct child_process {
  child_process(fiber::vm& v, spawned_child child);

  // Empty while it lives. handler(std::error_code, exit_status) gets the same.
  [[nodiscard]] std::optional<base::result<ipc::exit_status>> poll();
  template <class Handler>
  void async_wait(Handler handler);

  // ESRCH once it has ended.
  [[nodiscard]] base::result<> send_signal(int signal) const;

  // It has ended: a handle may be kept for long, and needs no descriptor for that.
  void close();

  pid_t pid;
  base::unique_fd pidfd;
  std::shared_ptr<bindings::operation_queue> line;
  std::optional<base::result<ipc::exit_status>> ended;
};

class children final : public fiber::vm_extension {
 public:
  explicit children(fiber::vm& v) : vm_(v) {}

  std::shared_ptr<child_process> add(spawned_child child);
  // The child survives the VM.
  void release(const std::shared_ptr<child_process>& child);

  void closing() override;

 private:
  fiber::vm& vm_;
  std::unordered_set<std::shared_ptr<child_process>> supervised_;
};

template <class Handler>
void child_process::async_wait(Handler handler) {
  if (ended) {
    const auto& status = *ended;
    return bindings::post_completion(std::move(handler),
                                     status ? std::error_code{} : status.error(),
                                     status ? *status : ipc::exit_status{});
  }
  auto attempt = [this] { return poll(); };
  line->start(std::move(attempt),
              bindings::mapped_handler{std::move(handler),
                                       [](Handler& h, std::error_code error, auto&& outcome) {
                                         if (!error && !outcome) error = outcome.error();
                                         h(error, error ? ipc::exit_status{} : *outcome);
                                       }});
}

// Lua's channel:wait() for a child: suspends.
[[nodiscard]] int wait_for_child(lua_State* L, const std::shared_ptr<child_process>& child);

}  // namespace emilua::actor
