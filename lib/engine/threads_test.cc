// Many VMs on few threads: each VM does what makes it change threads (timers, files, turns), while
// its fibers watch that none of them ever runs beside another.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <vector>

#include "lib/engine/builtins.h"
#include "lib/fiber/vm.h"

namespace emilua::engine {
namespace {

constexpr int vms = 12;
constexpr std::size_t extra_threads = 3;

constexpr const char* program = R"(
local byte_span = require 'byte_span'
local condition_variable = require 'condition_variable'
local file = require 'file'
local filesystem = require 'filesystem'
local future = require 'future'
local mutex = require 'mutex'
local time = require 'time'

local running = 0

-- No fiber of this VM may be here while another is.
local function alone()
    assert(running == 0)
    running = running + 1
    for _ = 1, 20 do end
    running = running - 1
end

local m, c = mutex.new(), condition_variable.new()
local tokens, eaten = 0, 0

local function eater()
    for _ = 1, 30 do
        m:lock()
        while tokens == 0 do
            c:wait(m)
        end
        tokens, eaten = tokens - 1, eaten + 1
        alone()
        m:unlock()
    end
end

local function cook()
    for i = 1, 60 do
        m:lock()
        tokens = tokens + 1
        alone()
        m:unlock()
        c:notify_one()
        if i % 10 == 0 then
            time.sleep(0)
        else
            this_fiber.yield()
        end
    end
end

local function reader()
    local buffer = byte_span.new(64)
    for _ = 1, 10 do
        local s = file.stream.new()
        s:open(filesystem.path.new(source), file.open_flag.read_only)
        assert(s:read_some(buffer) > 0)
        alone()
        s:close()
    end
end

local function sleeper()
    local steps = coroutine.wrap(function()
        for i = 1, 20 do
            time.sleep(1e-4)
            alone()
            coroutine.yield(i)
        end
    end)
    for i = 1, 20 do
        assert(steps() == i)
    end
end

local fibers = {spawn(eater), spawn(eater), spawn(cook), spawn(reader), spawn(sleeper)}
for i = 1, 20 do
    local victim = spawn(function() time.sleep(3600) end)
    local p, f = future.new()
    spawn(function() p:set_value(i) end):detach()
    assert(f:get() == i)
    if i % 2 == 0 then
        time.sleep(1e-5)
    end
    victim:interrupt()
    victim:join()
    assert(victim.interruption_caught)
    collectgarbage('step')
end
for _, f in ipairs(fibers) do
    f:join()
end
assert(eaten == 60 and tokens == 0)
finished()
)";

std::atomic<int> finished_vms;
std::string source_file;

void push_finished(lua_State* L) {
  lua_pushcfunction(L, [](lua_State*) {
    ++finished_vms;
    return 0;
  });
}

void push_source(lua_State* L) { lua_pushlstring(L, source_file.data(), source_file.size()); }

TEST(Threads, VmsMoveBetweenThreadsOneTurnAtATime) {
  char path[] = "/tmp/emilua_threads_test.XXXXXX";
  const int fd = ::mkstemp(path);
  ASSERT_NE(fd, -1);
  ASSERT_EQ(::write(fd, "text", 4), 4);
  ::close(fd);
  source_file = path;

  finished_vms = 0;
  fiber::builtins names = builtin_names();
  std::vector<fiber::builtin_global> globals{names.globals.begin(), names.globals.end()};
  globals.push_back({"finished", push_finished});
  globals.push_back({"source", push_source});
  names.globals = globals;

  {
    fiber::context process{{}};
    ASSERT_FALSE(process.main_pool().add_threads(0));
    for (int i = 0; i < vms; ++i) {
      const auto v = fiber::vm::create(process, process.main_pool(), {.names = names});
      ASSERT_EQ(v->start({.path = "/threads_test.lua",
                          .source = program,
                          .chunk_name = "=test",
                          .import_root = {}}),
                "");
    }
    ASSERT_FALSE(process.main_pool().add_threads(extra_threads));
    process.run();
    EXPECT_EQ(process.exit_code(), 0);
  }
  EXPECT_EQ(finished_vms, vms);
  ::unlink(path);
}

TEST(Threads, APoolOfOneThreadStaysThat) {
  fiber::pool single{fiber::concurrency::single};
  EXPECT_EQ(single.add_threads(1), std::errc::not_supported);
  EXPECT_EQ(single.add_threads(0), std::errc::not_supported);
}

TEST(Threads, TheirNumberIsBounded) {
  fiber::pool threads{fiber::concurrency::multiple};
  EXPECT_EQ(threads.add_threads(fiber::pool::max_threads + 1),
            std::errc::resource_unavailable_try_again);
  EXPECT_FALSE(threads.add_threads(2));
  threads.run();
}

}  // namespace
}  // namespace emilua::engine
