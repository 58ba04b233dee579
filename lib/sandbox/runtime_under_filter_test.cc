// What the engine is made of runs on `stdio`: Asio's reactor and LuaJIT's interpreter; threads on
// `thread`.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <csignal>
#include <ctime>
#include <lua.hpp>
#include <string>

#include "lib/sandbox/test_filter.h"

namespace emilua::sandbox {
namespace {

namespace asio = boost::asio;

const syscall_policy stdio{.promises = promise::stdio};

int run_reactor() {
  asio::io_context context;
  int done = 0;
  asio::steady_timer timer{context, std::chrono::milliseconds{1}};
  timer.async_wait([&](const boost::system::error_code& error) { done += !error; });
  asio::steady_timer cancelled{context, std::chrono::hours{1}};
  cancelled.async_wait([&](const boost::system::error_code& error) {
    done += error == asio::error::operation_aborted;
  });
  asio::post(context, [&] { cancelled.cancel(); });

  asio::local::stream_protocol::socket one{context};
  asio::local::stream_protocol::socket other{context};
  asio::local::connect_pair(one, other);
  std::array<char, 5> received{};
  const std::array<asio::const_buffer, 2> parts{asio::buffer("he", 2), asio::buffer("llo", 3)};
  asio::async_read(one, asio::buffer(received),
                   [&](const boost::system::error_code& error, std::size_t) {
                     done += !error && received[4] == 'o';
                     one.close();
                   });
  asio::async_write(other, parts,
                    [&](const boost::system::error_code& error, std::size_t) { done += !error; });

  asio::signal_set signals{context, SIGUSR1};
  signals.async_wait([&](const boost::system::error_code& error, int) { done += !error; });
  if (::raise(SIGUSR1) != 0) return 100;
  context.run();
  return done == 5 ? 0 : 10 + done;
}

TEST(Asio, NeedsOnlyStdio) {
  EXPECT_EQ(ipc::in_child(run_reactor), 0);
  EXPECT_EQ(under(stdio, run_reactor), 0);
}

constexpr const char* script = R"(
  local words = {}
  for i = 1, 20000 do words[i] = ('%d %s'):format(i, ('x'):rep(i % 100)) end
  collectgarbage()
  table.sort(words)
  local co = coroutine.wrap(function() coroutine.yield(#table.concat(words)) end)
  io.stdout:write(co(), ' bytes at ', os.time(), ' after ', os.clock(), ' in ', os.date('!%x'), '\n')
  assert(not pcall(error, 'expected'))
  assert(load('return 1 + 1')() == 2)
)";

int run_lua(bool jit) {
  lua_State* const state = luaL_newstate();
  if (!state) return 1;
  luaL_openlibs(state);
  if (!jit) luaJIT_setmode(state, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
  if (luaL_dostring(state, script) != 0) return 2;
  lua_close(state);
  return 0;
}

int run_thread() {
  pthread_t thread{};
  const auto nothing = [](void*) -> void* { return nullptr; };
  const int error = ::pthread_create(&thread, nullptr, nothing, nullptr);
  return error ? error : ::pthread_join(thread, nullptr);
}

TEST(Threads, NeedTheirPromise) {
  EXPECT_EQ(ipc::in_child(run_thread), 0);
  EXPECT_EQ(under({.promises = {promise::stdio, promise::thread}}, run_thread), 0);
  EXPECT_EQ(under(stdio, run_thread), killed_by_filter);
  EXPECT_EQ(under({.promises = {promise::stdio, promise::proc, promise::error}},
                  [] { return run_thread() == 0 ? 0 : 1; }),
            0);  // where processes may be made, so may threads
}

// The C library reads /etc/localtime once: who means to use os.date afterwards does it before.
class Lua : public ::testing::Test {
 protected:
  Lua() { ::tzset(); }
};

TEST_F(Lua, InterpretedNeedsOnlyStdio) {
  EXPECT_EQ(ipc::in_child([] { return run_lua(false); }), 0);
  EXPECT_EQ(under(stdio, [] { return run_lua(false); }), 0);
}

TEST_F(Lua, CompiledNeedsProtExec) {
  EXPECT_EQ(ipc::in_child([] { return run_lua(true); }), 0);
  EXPECT_EQ(under(stdio, [] { return run_lua(true); }), killed_by_filter);
  EXPECT_EQ(under({.promises = {promise::stdio, promise::prot_exec}}, [] { return run_lua(true); }),
            0);
}

}  // namespace
}  // namespace emilua::sandbox
