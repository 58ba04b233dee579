#include "tests/fuzz/fiber_model.h"

#include <algorithm>
#include <array>
#include <exception>
#include <memory>
#include <utility>

#include "tests/fuzz/fiber_machine.h"
#include "tests/fuzz/fiber_model_types.h"

namespace fiber_fuzz {
namespace {

using namespace modelled;

class model final : public machine {
  task execute(const operation& o) override {
    switch (o.kind) {
      case op::join:
        return join(o);
      case op::yield:
        return yield();
      case op::lock:
        return lock(mutexes_[o.argument % mutex_count]);
      case op::recursive_lock:
        return recursive_lock();
      case op::wait:
        return wait(conditions_[o.argument % condition_count],
                    mutexes_[o.argument / condition_count % mutex_count]);
      case op::get:
        return get(futures_[o.argument % future_count]);
      case op::pcall:
      case op::xpcall:
        return protected_call(o);
      case op::scope:
        return scope_call(o);
      case op::pop:
        return pop(o);
      case op::resume:
        return resume_one(o);
      case op::coroutine_yield:
        return yield_from_coroutine(o);
      case op::exit:
        return exit();
      default:
        return at_once(o);
    }
  }

  // What neither suspends nor runs anything.
  task at_once(const operation& o) { co_return perform(o); }

  outcome perform(const operation& o) {
    switch (o.kind) {
      case op::spawn: {
        fiber& f = new_fiber();
        f.body = spawned_fiber(f, o);
        start(f);
        return gives();
      }
      case op::detach:
      case op::interrupt:
      case op::interruption_caught:
      case op::joinable:
        return fiber_handle(o);
      case op::disable_interruption:
        ++current_->interruption_disabled;
        return gives();
      case op::restore_interruption:
        if (current_->interruption_disabled == 0)
          return raises(core_errc::interruption_already_allowed);
        --current_->interruption_disabled;
        return gives();
      case op::forbid_suspend:
        ++current_->suspension_forbidden;
        return gives();
      case op::allow_suspend:
        if (current_->suspension_forbidden == 0)
          return raises(core_errc::suspension_already_allowed);
        --current_->suspension_forbidden;
        return gives();
      case op::try_lock:
        return gives({boolean(!std::exchange(mutexes_[o.argument % mutex_count].locked, true))});
      case op::unlock:
        return unlock(mutexes_[o.argument % mutex_count]);
      case op::recursive_try_lock:
        return gives({boolean(acquire_recursive())});
      case op::recursive_unlock:
        return recursive_unlock();
      case op::notify_one:
        notify(conditions_[o.argument % condition_count], 1);
        return gives();
      case op::notify_all:
        notify(conditions_[o.argument % condition_count], limits::operations);
        return gives();
      case op::set_value:
      case op::set_error:
        return settle(o);
      case op::push:
        current_stack().scopes.back().push_back(&o);
        return gives();
      case op::create:
      case op::wrap: {
        coroutine& c = *coroutines_.emplace_back(std::make_unique<coroutine>());
        c.wrapped = o.kind == op::wrap;
        c.body = coroutine_body(c, o);
        c.resume_point = c.body.handle();
        return gives();
      }
      case op::status:
        if (coroutines_.empty()) return none();
        return gives({string(std::string{status(chosen(coroutines_, o))})});
      case op::error:
        return raises(error_value(o));
      default:
        std::terminate();
    }
  }

  static outcome none() { return gives({string("none")}); }

  template <class T>
  static T& chosen(const std::vector<std::unique_ptr<T>>& all, const operation& o) {
    return *all[o.argument % all.size()];
  }

  // Handles are those of the spawned fibers: the main one has none.
  fiber* chosen_fiber(const operation& o) {
    return fibers_.size() == 1 ? nullptr : fibers_[1 + o.argument % (fibers_.size() - 1)].get();
  }

  static value error_value(const operation& o) {
    switch (error_of(o.argument)) {
      case error_kind::nil:
        return nil();
      case error_kind::table:
        return {.shown = "table"};
      case error_kind::interrupted:
        return code(core_errc::interrupted);
      default:
        return string("e" + std::to_string(o.number));
    }
  }

  // --- operations ---------------------------------------------------------------

  task join(const operation& o) {
    fiber* target = chosen_fiber(o);
    if (target == nullptr) co_return none();
    if (auto refusal = refused()) co_return std::move(*refusal);
    if (target->state != handle_state::joinable) co_return raises(std::errc::invalid_argument, 1);
    if (target == current_) co_return raises(std::errc::resource_deadlock_would_occur);
    if (target->finished) co_return take_result(*target);
    target->state = handle_state::joining;
    target->joiner = current_;
    current_->joined = target;
    co_return co_await parked(wait_kind::join, true);
  }

  outcome fiber_handle(const operation& o) {
    fiber* f = chosen_fiber(o);
    if (f == nullptr) return none();
    switch (o.kind) {
      case op::detach:
        if (f->state != handle_state::joinable) return raises(std::errc::invalid_argument, 1);
        f->state = handle_state::detached;
        report_panic(*f, "Fiber");
        return gives();
      case op::interrupt:
        if (!f->finished && f->state != handle_state::detached) request_interruption(*f);
        return gives();
      case op::interruption_caught:
        if (f->state != handle_state::joined) return raises(std::errc::invalid_argument);
        return gives({boolean(f->interruption_caught)});
      default:
        return gives({boolean(f->state == handle_state::joinable)});
    }
  }

  task yield() {
    if (auto refusal = refused()) co_return std::move(*refusal);
    wake(*current_, gives());
    co_return co_await suspension{*this};
  }

  task lock(mutex& m) {
    if (auto refusal = refused(false)) co_return std::move(*refusal);
    if (!std::exchange(m.locked, true)) co_return gives();
    m.waiters.push_back(current_);
    co_return co_await parked(wait_kind::other, false);
  }

  // A waiter gets the mutex together with what its call gives.
  void release(mutex& m) {
    if (m.waiters.empty()) {
      m.locked = false;
      return;
    }
    fiber& next = *m.waiters.front();
    m.waiters.pop_front();
    wake(next, std::move(next.passed));
  }

  outcome unlock(mutex& m) {
    if (!m.locked) return raises(std::errc::operation_not_permitted);
    release(m);
    return gives();
  }

  bool acquire_recursive() {
    if (recursive_.owner != nullptr && recursive_.owner != current_) return false;
    recursive_.owner = current_;
    ++recursive_.depth;
    return true;
  }

  task recursive_lock() {
    if (auto refusal = refused(false)) co_return std::move(*refusal);
    if (acquire_recursive()) co_return gives();
    recursive_.waiters.push_back(current_);
    co_return co_await parked(wait_kind::other, false);
  }

  outcome recursive_unlock() {
    if (recursive_.owner != current_) return raises(std::errc::operation_not_permitted);
    if (--recursive_.depth > 0) return gives();
    recursive_.owner = nullptr;
    if (recursive_.waiters.empty()) return gives();
    recursive_.owner = recursive_.waiters.front();
    recursive_.depth = 1;
    recursive_.waiters.pop_front();
    wake(*recursive_.owner, gives());
    return gives();
  }

  task wait(queue& condition, mutex& m) {
    if (!m.locked) co_return raises(std::errc::operation_not_permitted);
    if (auto refusal = refused()) co_return std::move(*refusal);
    condition.push_back(current_);
    current_->condition = &condition;
    current_->held = &m;
    release(m);
    co_return co_await parked(wait_kind::condition, true);
  }

  // The specification leaves open when exactly: a woken waiter is in the mutex's line at once.
  void reacquire(fiber& f, outcome result) override {
    f.waiting = wait_kind::other;
    f.passed = std::move(result);
    f.cancellable = false;
    f.held->waiters.push_back(&f);
    if (!std::exchange(f.held->locked, true)) release(*f.held);
  }

  void notify(queue& condition, std::size_t count) {
    for (; count != 0 && !condition.empty(); --count) {
      fiber& f = *condition.front();
      condition.pop_front();
      reacquire(f, gives());
    }
  }

  task get(future& f) {
    if (auto refusal = refused()) co_return std::move(*refusal);
    if (f.result) co_return *f.result;
    f.waiters.push_back(current_);
    current_->awaited = &f;
    co_return co_await parked(wait_kind::future, true);
  }

  outcome settle(const operation& o) {
    future& f = futures_[o.argument % future_count];
    const bool with_nil = o.argument / future_count % 2 != 0;
    if (o.kind == op::set_error && with_nil) return raises(std::errc::invalid_argument, 2);
    if (f.result) return raises(core_errc::promise_already_satisfied);
    if (o.kind == op::set_error)
      f.result = raises(string("set" + std::to_string(o.number)));
    else
      f.result = gives({with_nil ? nil() : number(o.number)});
    for (fiber* waiter : std::exchange(f.waiters, {})) wake(*waiter, *f.result);
    return gives();
  }

  task protected_call(const operation& o) {
    if (interruption_due()) co_return raises(core_errc::interrupted);
    stack& own = current_stack();
    own.scopes.emplace_back();
    outcome r = co_await body(o);
    if (!r.ok && o.kind == op::xpcall) {
      event(o, "handles", r.values);
      r.values = {string("handled")};
    }
    (void)co_await leave_scope(own);
    r.values.insert(r.values.begin(), boolean(r.ok));
    r.ok = true;
    co_return r;
  }

  task scope_call(const operation& o) {
    stack& own = current_stack();
    own.scopes.emplace_back();
    outcome r = co_await blocks(o.block);
    (void)co_await leave_scope(own);
    co_return r;
  }

  task pop(const operation& o) {
    scope& innermost = current_stack().scopes.back();
    if (innermost.empty()) co_return raises(core_errc::unmatched_scope_cleanup);
    scope last{innermost.back()};
    innermost.pop_back();
    if (o.argument % 3 != 0) (void)co_await handlers(std::move(last));
    co_return gives();
  }

  task resume_one(const operation& o) {
    if (coroutines_.empty()) co_return none();
    co_return co_await resume(chosen(coroutines_, o), values(o));
  }

  void report_deadlocks() override {
    for (const mutex& m : mutexes_)
      if (!m.waiters.empty()) seen_.reports.emplace_back("possible deadlock: mutex");
    for (const future& f : futures_)
      if (!f.waiters.empty()) seen_.reports.emplace_back("possible deadlock: future");
  }

  task exit() {
    co_await end();
    co_return gives();
  }

  std::vector<std::unique_ptr<coroutine>> coroutines_;
  std::array<mutex, mutex_count> mutexes_;
  std::array<queue, condition_count> conditions_;
  std::array<future, future_count> futures_;
  recursive_mutex recursive_;
};

}  // namespace

observation expected(const block& program) { return model{}.run(program); }

std::string show_number(int number) { return std::to_string(number); }

std::string show_string(std::string_view text) { return '\'' + std::string{text} + '\''; }

std::string show_code(std::error_code error, int argument) {
  std::string text = error.category().name();
  text.append(" ").append(std::to_string(error.value()));
  if (argument != 0) text.append(" arg=").append(std::to_string(argument));
  return text;
}

std::string show_event(int fiber, int operation, std::string_view what,
                       const std::vector<std::string>& values) {
  std::string text = "fiber " + std::to_string(fiber) + ": " + std::to_string(operation) + " ";
  text.append(what);
  for (const std::string& v : values) text.append(values.data() == &v ? " " : ", ").append(v);
  return text;
}

}  // namespace fiber_fuzz
