// What fibers do all the time allocates nothing once it has been done a few times: no C++ object,
// no Lua object, no handler of Asio.
//
// Counted are the calls of the C library's allocator, under which all others are.
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <vector>

#include "lib/engine/builtins.h"
#include "lib/fiber/vm.h"

namespace {
std::atomic<std::size_t> allocations;
}

// The names by which the C library's own functions stay reachable.
extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier)
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
// NOLINTEND(bugprone-reserved-identifier)

void* malloc(std::size_t size) noexcept {
  ++allocations;
  return __libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size) noexcept {
  ++allocations;
  return __libc_calloc(count, size);
}

void* realloc(void* block, std::size_t size) noexcept {
  ++allocations;
  return __libc_realloc(block, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  ++allocations;
  return __libc_memalign(alignment, size);
}

int posix_memalign(void** block, std::size_t alignment, std::size_t size) noexcept {
  ++allocations;
  *block = __libc_memalign(alignment, size);
  return *block != nullptr ? 0 : ENOMEM;
}
}

namespace emilua::engine {
namespace {

// A program that uses `steady(step)`: it does the step many times, and again, and what it
// allocates the last time is counted.
std::size_t allocations_of(const std::string& program) {
  static std::size_t counted;
  const std::string source = R"(
    local mutex, time = require 'mutex', require 'time'

    function steady(step)
        collectgarbage('stop')
        local before, after
        for round = 1, 3 do
            before = allocations()
            for _ = 1, 2000 do step() end
            after = allocations()
        end
        counted(after - before)
    end
  )" + program;
  fiber::builtins names = builtin_names();
  std::vector<fiber::builtin_global> globals{names.globals.begin(), names.globals.end()};
  globals.push_back({"allocations", [](lua_State* L) {
                       lua_pushcfunction(L, [](lua_State* l) {
                         lua_pushinteger(l, static_cast<lua_Integer>(allocations.load()));
                         return 1;
                       });
                     }});
  globals.push_back({"counted", [](lua_State* L) {
                       lua_pushcfunction(L, [](lua_State* l) {
                         counted = static_cast<std::size_t>(luaL_checkinteger(l, 1));
                         return 0;
                       });
                     }});
  names.globals = globals;
  counted = static_cast<std::size_t>(-1);
  fiber::context process{{}};
  {
    const auto v = fiber::vm::create(process, process.main_pool(), {.names = names});
    EXPECT_EQ(v->start({.path = "/allocation_test.lua",
                        .source = source,
                        .chunk_name = "=test",
                        .import_root = {}}),
              "");
  }
  process.run();
  EXPECT_EQ(process.exit_code(), 0);
  return counted;
}

TEST(Allocation, IsCounted) {
  EXPECT_GE(allocations_of("local t = {} steady(function() t = {t} end)"), 2000u);
  EXPECT_GE(allocations_of("steady(function() spawn(function() end):join() end)"), 4000u);
}

TEST(Allocation, YieldingNeedsNone) {
  EXPECT_EQ(allocations_of("steady(this_fiber.yield)"), 0u);
  EXPECT_EQ(allocations_of(R"(
    local over = false
    for _ = 1, 300 do
        spawn(function() while not over do this_fiber.yield() end end):detach()
    end
    steady(this_fiber.yield)
    over = true
  )"),
            0u);
}

TEST(Allocation, AFreeMutexNeedsNone) {
  EXPECT_EQ(allocations_of(R"(
    local m = mutex.new()
    steady(function() m:lock() m:unlock() end)
  )"),
            0u);
}

TEST(Allocation, AMutexThatOthersWaitForNeedsNone) {
  EXPECT_EQ(allocations_of(R"(
    local m, over = mutex.new(), false
    for _ = 1, 100 do
        spawn(function()
            while not over do m:lock() this_fiber.yield() m:unlock() end
        end):detach()
    end
    steady(function() m:lock() this_fiber.yield() m:unlock() end)
    over = true
  )"),
            0u);
}

TEST(Allocation, SleepingNeedsNone) {
  EXPECT_EQ(allocations_of("steady(function() time.sleep(1e-6) end)"), 0u);
}

TEST(Allocation, ManySleepersNeedNone) {
  EXPECT_EQ(allocations_of(R"(
    local over = false
    for _ = 1, 100 do
        spawn(function() while not over do time.sleep(1e-6) end end):detach()
    end
    steady(function() time.sleep(1e-6) end)
    over = true
  )"),
            0u);
}

TEST(Allocation, WaitingForATimerNeedsNone) {
  EXPECT_EQ(allocations_of(R"(
    local timer = time.steady_timer.new()
    steady(function() timer:expires_after(1e-6) timer:wait() end)
  )"),
            0u);
}

TEST(Allocation, ManyWaitersForOneTimerNeedNone) {
  EXPECT_EQ(allocations_of(R"(
    local timer, over = time.steady_timer.new(), false
    timer:expires_after(1e-6)
    for _ = 1, 100 do
        spawn(function() while not over do timer:wait() end end):detach()
    end
    steady(function() timer:expires_after(1e-6) timer:wait() end)
    over = true
    timer:expires_after(0)
  )"),
            0u);
}

}  // namespace
}  // namespace emilua::engine
