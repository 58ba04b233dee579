// One fiber: a Lua thread and what the scheduler knows of it.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <lua.hpp>
#include <system_error>

namespace emilua::fiber {

struct module_record;

enum class fiber_kind : std::uint8_t { main, module, spawned };

enum class fiber_state : std::uint8_t {
  ready,     // in the ready queue
  running,   //
  parked,    // waits for something that will wake it
  finished,  // its results (or error) lie on its stack
};

// Who gets the results.
enum class fiber_owner : std::uint8_t {
  handle,    // whoever joins through the handle
  detached,  // nobody: an error is reported
  joiner,    // `joiner`, which is parked
};

struct fiber : boost::intrusive::list_base_hook<> {
  lua_State* L = nullptr;  // the fiber's own stack
  int thread_ref = LUA_NOREF;
  std::uint64_t serial = 0;  // tells this fiber from those that used the same memory
  fiber_kind kind = fiber_kind::spawned;
  fiber_state state = fiber_state::ready;
  fiber_owner owner = fiber_owner::handle;
  int status = 0;             // of lua_resume, when finished
  int error_ref = LUA_NOREF;  // the error that it ended with: its own stack may be full
  lua_State* body = nullptr;  // where the results lie while L runs the root scope's handlers
  int body_ref = LUA_NOREF;
  int resume_args = 0;  // how many values on top of L belong to the next resumption

  bool interruption_requested = false;
  bool interrupt_sent = false;  // the operation under way was cancelled by a request
  bool operation_pending = false;
  std::uint32_t interruption_disabled = 0;
  std::uint32_t suspension_forbidden = 0;
  std::uint32_t native_calls = 0;  // coroutines resumed from where Lua cannot suspend

  // Set while parked if a request may end the wait; called at most once.
  void (*on_interrupt)(fiber& self) = nullptr;
  void* waiting_for = nullptr;     // the object in whose queue it is parked, for on_interrupt
  const char* deadlock = nullptr;  // what to call that object if the wait never ends
  void* held_mutex = nullptr;      // what a wait on a condition variable gives up and gets back
  std::error_code wait_result;     // of a condition variable's wait, while the mutex is reacquired
  boost::asio::cancellation_signal signal;  // reaches the asynchronous operation under way

  fiber* joiner = nullptr;          // parked in join, or the importer of a module fiber
  fiber* joining = nullptr;         // the fiber that this one waits for
  void* join_handle = nullptr;      // the handle through which `joiner` waits
  module_record* module = nullptr;  // whose code this runs, for `require`
  int local_ref = LUA_NOREF;        // this_fiber.local_
};

using fiber_queue = boost::intrusive::list<fiber, boost::intrusive::constant_time_size<false>>;

}  // namespace emilua::fiber
