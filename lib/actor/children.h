// The processes that one VM has spawned: they die with it unless they are let go.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <unordered_set>

#include "lib/actor/spawn_helper.h"
#include "lib/fiber/vm.h"

namespace emilua::actor {

struct child_process {
  child_process(fiber::vm& v, spawned_child child)
      : pid(child.pid), pidfd(v.io(), child.pidfd.release()) {}

  pid_t pid;
  boost::asio::posix::stream_descriptor pidfd;
};

class children final : public fiber::vm_extension {
 public:
  explicit children(fiber::vm& v) : vm_(v) {}

  std::shared_ptr<child_process> add(spawned_child child);
  // The child survives the VM.
  void let_go(const std::shared_ptr<child_process>& child) { supervised_.erase(child); }

  void closing() override;

 private:
  fiber::vm& vm_;
  std::unordered_set<std::shared_ptr<child_process>> supervised_;
};

}  // namespace emilua::actor
