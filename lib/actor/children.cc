#include "lib/actor/children.h"

#include <signal.h>

#include <boost/asio/bind_executor.hpp>

#include "lib/ipc/process.h"

namespace emilua::actor {

std::shared_ptr<child_process> children::add(spawned_child child) {
  auto process = std::make_shared<child_process>(vm_, std::move(child));
  supervised_.insert(process);
  // The descriptor is readable once the process has ended. The wait keeps no VM alive.
  process->pidfd.async_wait(
      boost::asio::posix::stream_descriptor::wait_read,
      boost::asio::bind_executor(vm_.executor(),
                                 [self = vm_.weak_from_this(),
                                  weak = std::weak_ptr{process}](boost::system::error_code error) {
                                   const auto v = self.lock();
                                   const auto ended = weak.lock();
                                   if (!error && v && !v->closed() && ended)
                                     v->extension<children>().supervised_.erase(ended);
                                 }));
  return process;
}

void children::closing() {
  for (const auto& child : supervised_) {
    // The only failure is that it has ended already.
    static_cast<void>(ipc::send_signal(child->pidfd.native_handle(), SIGKILL));
    child->pidfd.close();
  }
  supervised_.clear();
}

}  // namespace emilua::actor
