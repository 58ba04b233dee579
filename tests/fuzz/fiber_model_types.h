// The values, coroutines and states of fiber_model.cc.
#pragma once

#include <coroutine>
#include <deque>
#include <exception>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "lib/lua/core_error.h"
#include "tests/fuzz/fiber_model.h"

namespace fiber_fuzz::modelled {

using emilua::lua::core_errc;

struct value {
  std::string shown;
  std::string message = {};  // in a panic report
  bool interrupted = false;
};

inline value nil() { return {.shown = "nil"}; }
inline value boolean(bool b) { return {.shown = b ? "true" : "false"}; }
inline value number(int n) { return {.shown = show_number(n)}; }
inline value string(const std::string& s) { return {.shown = show_string(s), .message = s}; }

inline value code(std::error_code error, int argument = 0) {
  return {.shown = show_code(error, argument),
          .message = error.message(),
          .interrupted = error == make_error_code(core_errc::interrupted)};
}

// How a block, call or wait ended: with values, or with an error (the only value).
struct outcome {
  bool ok = true;
  std::vector<value> values;
};

inline outcome gives(std::vector<value> values = {}) { return {.values = std::move(values)}; }
inline outcome raises(value error) { return {.ok = false, .values = {std::move(error)}}; }
inline outcome raises(core_errc error) { return raises(code(error)); }
inline outcome raises(std::errc error, int argument = 0) {
  return raises(code(std::make_error_code(error), argument));
}

class [[nodiscard]] task {
 public:
  struct promise_type {
    task get_return_object() {
      return task{std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    auto final_suspend() noexcept {
      struct awaiter {
        bool await_ready() noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) noexcept {
          return self.promise().continuation;
        }
        void await_resume() noexcept {}
      };
      return awaiter{};
    }
    void return_value(outcome r) { result = std::move(r); }
    void unhandled_exception() { std::terminate(); }

    outcome result;
    std::coroutine_handle<> continuation = std::noop_coroutine();
  };

  task() = default;
  explicit task(std::coroutine_handle<promise_type> h) : handle_(h) {}
  task(task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  task& operator=(task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~task() {
    if (handle_) handle_.destroy();
  }

  std::coroutine_handle<promise_type> handle() const { return handle_; }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) {
    handle_.promise().continuation = caller;
    return handle_;
  }
  outcome await_resume() { return std::move(handle_.promise().result); }

 private:
  std::coroutine_handle<promise_type> handle_;
};

using scope = std::vector<const operation*>;  // handlers

// A fiber's own stack or a coroutine's: it owns scopes, the root first.
struct stack {
  std::vector<scope> scopes{1};
};

struct coroutine : stack {
  task body;
  bool wrapped = false;
  bool finished = false;
  std::coroutine_handle<> resume_point;  // where it starts, or has yielded
  std::coroutine_handle<> resumer;
  outcome passed;  // to the coroutine, or from it
};

struct fiber;
using queue = std::deque<fiber*>;

enum class handle_state { joinable, joining, joined, detached };
enum class wait_kind { none, join, condition, future, other };

struct future {
  std::optional<outcome> result;
  queue waiters;
};

struct mutex {
  bool locked = false;
  queue waiters;
};

struct fiber : stack {
  int number = 0;
  task body;
  std::coroutine_handle<> resume_point;
  std::vector<coroutine*> resumed;  // the innermost last: it is running
  bool finished = false;
  outcome result;

  bool interruption_requested = false;
  int interruption_disabled = 0;
  int suspension_forbidden = 0;

  wait_kind waiting = wait_kind::none;
  bool cancellable = false;
  fiber* joined = nullptr;
  future* awaited = nullptr;
  queue* condition = nullptr;
  mutex* held = nullptr;  // before the wait on a condition
  outcome passed;         // to the fiber when it goes on

  // Its handle.
  handle_state state = handle_state::joinable;
  bool interruption_caught = false;
  fiber* joiner = nullptr;
};

struct recursive_mutex {
  fiber* owner = nullptr;
  int depth = 0;
  queue waiters;
};

}  // namespace fiber_fuzz::modelled
