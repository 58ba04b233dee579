#include "lib/actor/children.h"

#include <signal.h>

#include <boost/asio/bind_executor.hpp>
#include <utility>

#include "lib/bindings/io/completion.h"
#include "lib/fiber/suspend.h"
#include "lib/ipc/process.h"

namespace emilua::actor {

child_process::child_process(fiber::vm& v, spawned_child child)
    : pid(child.pid),
      pidfd(std::move(child.pidfd)),
      line(std::make_shared<bindings::operation_queue>(v.io(), std::move(child.line),
                                                       bindings::operation_queue::wait_read)) {}

std::optional<base::result<ipc::exit_status>> child_process::poll() {
  if (ended) return ended;
  const auto status = ipc::read_status(line->native());
  if (!status)
    ended = status.error();
  else if (*status)
    ended = **status;
  return ended;
}

base::result<> child_process::send_signal(int signal) const {
  if (!pidfd) return base::system_error(ESRCH);
  return ipc::send_signal(pidfd.get(), signal);
}

void child_process::close() {
  pidfd.reset();
  line.reset();
}

std::shared_ptr<child_process> children::add(spawned_child child) {
  auto process = std::make_shared<child_process>(vm_, std::move(child));
  supervised_.insert(process);
  // This wait keeps no VM alive.
  process->async_wait(boost::asio::bind_executor(
      vm_.executor(), [self = vm_.weak_from_this(), weak = std::weak_ptr{process}](
                          std::error_code error, ipc::exit_status) {
        const auto v = self.lock();
        const auto ended = weak.lock();
        if (error == bindings::aborted() || !v || v->closed() || !ended) return;
        v->extension<children>().supervised_.erase(ended);
        ended->close();
      }));
  return process;
}

void children::release(const std::shared_ptr<child_process>& child) {
  if (supervised_.erase(child) == 0) return;  // it has ended
  ipc::release_child(child->line->native());
  child->line->cancel();
}

void children::closing() {
  for (const auto& child : supervised_) {
    // The only failure is that it has ended already.
    static_cast<void>(child->send_signal(SIGKILL));
    child->line->cancel();
  }
  supervised_.clear();
}

int wait_for_child(lua_State* L, const std::shared_ptr<child_process>& child) {
  return fiber::await(
      L, [&](auto handler) { child->async_wait(std::move(handler)); },
      [child](lua_State* R, ipc::exit_status status) {
        lua_createtable(R, 0, 1);
        const bool signaled = status.signal != 0;
        lua_pushinteger(R, signaled ? status.signal : status.code);
        lua_setfield(R, -2, signaled ? "exit_signal" : "exit_code");
        return 1;
      });
}

}  // namespace emilua::actor
