// The one way to suspend: an asynchronous operation, and a function that pushes its result.
//
//   int read_some(lua_State* L) {
//     auto& self = lua::check<stream>(L, 1);
//     auto& buffer = lua::check<byte_span>(L, 2);
//     return fiber::await(
//         L, [&](auto handler) { self.descriptor.async_read_some(buffer.asio_buffer(),
//         std::move(handler)); }, [keep = buffer.memory](lua_State* R, std::size_t n) {
//         lua_pushinteger(R, n); return 1; });
//   }
//
//   const class_method methods[] = {{"read_some", read_some, /*suspends=*/true}};
//
// await() checks that the fiber may suspend (before the operation starts), parks it, keeps the VM
// alive, and resumes it on the VM's strand. The handler's first argument is an error code: an error
// is raised in the fiber, otherwise the push function gets the remaining arguments and returns how
// many values it pushed; or, after it has pushed one value, raise_value, and that is raised: it
// must not raise anything itself. An interruption request cancels the operation through its
// cancellation slot; `interrupted` is raised only if the operation then reports operation_aborted,
// so that a result is never lost. What the operation needs in memory is captured by the push
// function, which lives exactly as long as the operation.
#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <memory>
#include <new>
#include <optional>
#include <system_error>
#include <utility>

#include "lib/fiber/vm.h"
#include "lib/lua/core_error.h"
#include "lib/lua/error.h"

namespace emilua::fiber {

inline constexpr int raise_value = -1;

namespace detail {

void begin_operation(vm& v, fiber& f) noexcept;
void abandon_operation(vm& v, fiber& f) noexcept;
// Marks the end of the operation. False if the VM is gone and nothing is to be delivered.
[[nodiscard]] bool end_operation(vm& v, fiber& f) noexcept;
void deliver_error(vm& v, fiber& f, std::error_code error);
// Pushing a result has raised an error; `top` is the VM's own stack as it was before.
void deliver_failure(vm& v, fiber& f, int top);

template <class Push>
class operation_handler {
 public:
  operation_handler(std::shared_ptr<vm> v, fiber& f, Push push)
      : vm_(std::move(v)), fiber_(&f), push_(std::move(push)) {}

  using executor_type = strand;
  [[nodiscard]] executor_type get_executor() const noexcept { return vm_->executor(); }

  using cancellation_slot_type = boost::asio::cancellation_slot;
  [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept {
    return fiber_->signal.slot();
  }

  template <class Error, class... Results>
  void operator()(Error error, Results&&... results) {
    if (!end_operation(*vm_, *fiber_)) return;
    const bool own_turn = vm_->begin_turn();
    const int top = lua_gettop(vm_->state());
    try {
      if (error)
        deliver_error(*vm_, *fiber_, std::error_code{error});
      else
        deliver(std::forward<Results>(results)...);
    } catch (const std::bad_alloc&) {
      vm_->memory_exhausted();
    } catch (...) {  // Lua's own exception
      deliver_failure(*vm_, *fiber_, top);
    }
    vm_->operation_finished(own_turn);
  }

 private:
  template <class... Results>
  void deliver(Results&&... results) {
    lua_State* S = vm_->state();
    luaL_checkstack(S, 8, "results");
    lua_pushboolean(S, 1);
    const int ok = lua_gettop(S);
    int pushed = push_(S, std::forward<Results>(results)...);
    if (pushed == raise_value) {
      lua_pushboolean(S, 0);
      lua_replace(S, ok);
      pushed = 1;
    }
    vm_->hand_over(*fiber_, 1 + pushed);
  }

  std::shared_ptr<vm> vm_;
  fiber* fiber_;
  Push push_;
};

}  // namespace detail

template <class Initiation, class Push>
[[nodiscard]] int await(lua_State* L, Initiation&& initiation, Push&& push) {
  vm& v = vm::of(L);
  fiber& f = v.check_suspension(L);
  detail::begin_operation(v, f);
  try {
    std::forward<Initiation>(initiation)(detail::operation_handler<std::decay_t<Push>>{
        v.shared_from_this(), f, std::forward<Push>(push)});
  } catch (...) {
    detail::abandon_operation(v, f);
    throw;
  }
  return v.park(L);
}

// For operations without a result.
inline constexpr auto push_nothing = [](lua_State* /*L*/, auto&&... /*results*/) { return 0; };

// The same for an operation without a result that mostly need not wait: `attempt` makes one try and
// returns its error code, or nothing if that would have to wait. The fiber then goes on without
// having been parked, which nobody can tell: no other fiber was ready to run before it. Where one
// is, or the turn has lasted long enough, the operation is started without a try.
template <class Attempt, class Initiation>
[[nodiscard]] int try_or_await(lua_State* L, Attempt&& attempt, Initiation&& initiation) {
  vm& v = vm::of(L);
  v.check_suspension(L);
  if (v.may_go_on()) {
    const std::optional<std::error_code> done = std::forward<Attempt>(attempt)();
    if (done && *done) lua::raise(L, *done);
    if (done) {
      lua_pushboolean(L, 1);
      return 1;
    }
  }
  return await(L, std::forward<Initiation>(initiation), push_nothing);
}

}  // namespace emilua::fiber
