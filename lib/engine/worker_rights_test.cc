// What the functions of `system` allow a VM that is not the master of its process.
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "lib/bindings/system/signal_service.h"
#include "lib/engine/builtins.h"
#include "lib/fiber/vm.h"

namespace emilua::engine {
namespace {

class WorkerRights : public testing::Test {
 protected:
  // A VM that will run this Lua code; it is counted once it comes to its end.
  std::shared_ptr<fiber::vm> start(const std::string& code, bool master) {
    auto v = fiber::vm::create(process, process.main_pool(),
                               {.names = builtin_names(), .master = master});
    const std::string source = R"(
      local system, generic = require 'system', require 'generic_error'
      local function refused(expected, f, ...)
        local ok, e = pcall(f, ...)
        assert(not ok, 'nothing was raised')
        assert(e == expected, tostring(e))
      end
      local EPERM, EINVAL = generic.EPERM, generic.EINVAL
    )" + code + "\ncount_end()";
    lua_State* L = v->state();
    lua_pushlightuserdata(L, this);
    lua_pushcclosure(
        L,
        [](lua_State* l) {
          ++static_cast<WorkerRights*>(lua_touserdata(l, lua_upvalueindex(1)))->finished;
          return 0;
        },
        1);
    lua_setglobal(L, "count_end");
    EXPECT_EQ(
        v->start({.path = "/test", .source = source, .chunk_name = "=test", .import_root = {}}),
        "");
    return v;
  }

  void run(const std::string& code, bool master = false) {
    finished = 0;
    const auto v = start(code, master);
    process.run();
    process.main_pool().io().restart();
    EXPECT_EQ(finished, 1);
  }

  fiber::context process{{}};
  std::shared_ptr<bindings::signal_service> signals =
      std::make_shared<bindings::signal_service>(process.main_pool().io());
  std::atomic<int> finished = 0;

  WorkerRights() {
    process.provide(*signals);
    EXPECT_TRUE(signals->ignore(SIGPIPE));  // as the engine does
  }
};

// 80 §12.13, 30 §9
TEST_F(WorkerRights, WhatIsTheProcessesIsEperm) {
  run(R"(
    refused(EPERM, system.kill, system.getpid(), 0)
    refused(EPERM, system.kill)
    refused(EPERM, system.setpgid, 0, 0)
    refused(EPERM, system.setsid)
    refused(EPERM, system.setresuid, -1, -1, -1)
    refused(EPERM, system.setresgid, -1, -1, -1)
    refused(EPERM, system.setgroups, {})
    refused(EPERM, system.cap_drop_bound, 'cap_chown')
    refused(EPERM, system.cap_set_ambient, 'cap_chown', false)
    refused(EPERM, system.cap_reset_ambient)
    refused(EPERM, system.cap_set_secbits, 0)
    local caps = system.cap_get_proc()
    refused(EPERM, caps.set_proc, caps)
    refused(EPERM, system.signal.ignore, system.signal.SIGUSR1)
    refused(EPERM, system.signal.default, system.signal.SIGUSR1)
    refused(EPERM, system.signal.set.new)
    refused(EPERM, system.signal.set.new, 'x')
    refused(EPERM, system.exit, 0, {})
  )");
}

// 80 §5, §7: checked before the role
TEST_F(WorkerRights, SomeArgumentsAreCheckedFirst) {
  run(R"(
    for _, call in ipairs{
      function() system.signal.ignore({}) end,
      function() system.signal.default() end,
      function() system.cap_set_ambient('cap_chown', 1) end,
    } do
      local ok, e = pcall(call)
      assert(not ok and type(e) == 'string', tostring(e))
    end
  )");
}

// 80 §12.13
TEST_F(WorkerRights, GettersAndSpawnAreFree) {
  run(R"(
    assert(system.getpgid(0) == system.getpgrp() and system.getsid(0) >= 0 and system.getppid() >= 0)
    system.getresuid() system.getresgid() system.getgroups()
    system.cap_init() system.cap_get_bound 'cap_chown' system.cap_get_secbits()
    local child = system.spawn{program = '/bin/sh', arguments = {'sh', '-c', 'read x; exit 3'}}
    child:kill(0)
    child:wait()
    assert(child.exit_code == 3)
  )");
}

// 80 §12.14, 80 §12.15
TEST_F(WorkerRights, OnlyHarmlessSignalsMayBeRaised) {
  run(R"(
    local s = system.signal
    refused(EPERM, s.raise, s.SIGKILL)
    refused(EPERM, s.raise, s.SIGSTOP)
    refused(EPERM, s.raise, s.SIGTERM)
    refused(EPERM, s.raise, s.SIGTSTP)
    refused(EPERM, s.raise, 40)
    refused(EINVAL, s.raise, 999)
    refused(EINVAL, s.raise, 0)
    for _, name in ipairs{'SIGCONT', 'SIGCHLD', 'SIGURG', 'SIGWINCH'} do s.raise(s[name]) end
  )");
}

TEST_F(WorkerRights, ASignalThatASetHandlesMayBeRaised) {
  bindings::signal_registration set{*signals, process.main_pool().io()};
  ASSERT_FALSE(set.add(SIGTERM));
  run("system.signal.raise(system.signal.SIGTERM)");
  int got = 0;
  set.async_wait([&](boost::system::error_code, int signal) { got = signal; });
  process.run();
  EXPECT_EQ(got, SIGTERM);
  set.clear();
  process.main_pool().io().restart();
  run("refused(EPERM, system.signal.raise, system.signal.SIGTERM)");
}

TEST_F(WorkerRights, AnIgnoredSignalMayBeRaised) {
  ASSERT_TRUE(signals->ignore(SIGUSR1));
  run("system.signal.raise(system.signal.SIGUSR1)");
  ASSERT_TRUE(signals->set_default(SIGUSR1));
}

TEST_F(WorkerRights, TheMasterMayDoAll) {
  run(R"(
    system.kill(system.getpid(), 0)
    system.setresuid(-1, -1, -1)
    system.signal.ignore(system.signal.SIGUSR1)
    system.signal.default(system.signal.SIGUSR1)
    system.signal.set.new(system.signal.SIGUSR1):clear()
  )",
      true);
}

// Four VMs on four threads: what they share are the process's children, signals and descriptors.
TEST_F(WorkerRights, VmsOfSeveralThreadsDoNotDisturbEachOther) {
  std::vector<std::shared_ptr<fiber::vm>> vms;
  vms.push_back(start(R"(
    local SIGUSR1 = system.signal.SIGUSR1
    local keeper = system.signal.set.new(SIGUSR1)
    local waiter = spawn(function() while true do keeper:wait() end end)
    for i = 1, 200 do
      local set = system.signal.set.new(SIGUSR1, system.signal.SIGPIPE)
      system.signal.raise(SIGUSR1)
      set:wait()
      set:clear()
      this_fiber.yield()
    end
    waiter:interrupt()
    waiter:join()
  )",
                      true));
  for (int i = 0; i < 3; ++i) {
    vms.push_back(start(R"(
      local s = system.signal
      for i = 1, 30 do
        pcall(s.raise, s.SIGUSR1)  -- only harmless while the master has a set
        s.raise(s.SIGPIPE)
        local child = system.spawn{program = '/bin/sh', arguments = {'sh', '-c', 'exit ' .. i}}
        if i % 3 ~= 0 then
          child:wait()
          assert(child.exit_code == i)
        end
      end
    )",
                        false));
  }
  ASSERT_FALSE(process.main_pool().add_threads(3));
  process.run();
  EXPECT_EQ(finished, 4);
}

}  // namespace
}  // namespace emilua::engine
