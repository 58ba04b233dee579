// States that are made before there is a process for their VM.
#include "lib/fiber/fresh_state.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "lib/engine/builtins.h"
#include "lib/fiber/vm.h"

namespace emilua::engine {
namespace {

int run(fiber::context& process, fiber::fresh_state& fresh, const std::string& source) {
  {
    const auto v =
        fiber::vm::create(process, process.main_pool(), {.names = builtin_names()}, fresh);
    EXPECT_EQ(v->start({.path = "/fresh_state_test.lua",
                        .source = source,
                        .chunk_name = "=test",
                        .import_root = {}}),
              "");
  }
  process.run();
  return process.exit_code();
}

TEST(FreshState, MayNeverBeUsed) {
  const fiber::fresh_state fresh{builtin_names()};
  fiber::fresh_state settled{builtin_names()};
  settled.settle();
}

TEST(FreshState, IsTakenByAVm) {
  fiber::fresh_state fresh{builtin_names()};
  fiber::context process{{}};
  EXPECT_EQ(run(process, fresh, "require 'time'.sleep(0) assert(jit.status())"), 0);
}

TEST(FreshState, IsTakenAfterItHasSettled) {
  fiber::fresh_state fresh{builtin_names()};
  fresh.settle();
  fiber::context process{{}};
  EXPECT_EQ(run(process, fresh, R"(
    local kept = {}
    for i = 1, 10000 do kept[i] = 'text ' .. i end
    collectgarbage()
    for i = 1, 10000 do assert(kept[i] == 'text ' .. i) end
  )"),
            0);
}

TEST(FreshState, KnowsNothingOfTheProcessUntilItIsTaken) {
  fiber::fresh_state fresh{builtin_names()};
  fiber::context::options options;
  options.text_only = true;
  options.jit = false;
  fiber::context process{std::move(options)};
  EXPECT_EQ(run(process, fresh, R"(
    assert(not jit.status())
    assert(not load(string.dump(function() end)))
  )"),
            0);
}

TEST(FreshState, CollectsGarbageOnceItIsTaken) {
  fiber::fresh_state fresh{builtin_names()};
  fresh.settle();
  fiber::context process{{}};
  EXPECT_EQ(run(process, fresh, R"(
    local collected = 0
    for _ = 1, 100000 do
        getmetatable(newproxy(true)).__gc = function() collected = collected + 1 end
    end
    assert(collected > 0)
  )"),
            0);
}

}  // namespace
}  // namespace emilua::engine
