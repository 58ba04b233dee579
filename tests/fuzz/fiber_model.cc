#include "tests/fuzz/fiber_model.h"

#include <algorithm>
#include <array>
#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "tests/fuzz/fiber_model_types.h"

namespace fiber_fuzz {
namespace {

using namespace modelled;

class model {
 public:
  observation run(const block& program) {
    fiber& main = new_fiber();
    main.state = handle_state::detached;
    main.body = main_fiber(program);
    start(main);
    while (!ended_ && !ready_.empty()) {
      current_ = ready_.front();
      ready_.pop_front();
      current_->resume_point.resume();
    }
    if (!ended_) report_deadlocks();
    for (const auto& f : fibers_)
      if (f->state == handle_state::joinable) report_panic(*f, "Fiber");
    std::ranges::sort(seen_.reports);
    return std::move(seen_);
  }

 private:
  // --- fibers -------------------------------------------------------------

  fiber& new_fiber() {
    fiber& f = *fibers_.emplace_back(std::make_unique<fiber>());
    f.number = static_cast<int>(fibers_.size()) - 1;
    return f;
  }

  void start(fiber& f) {
    f.resume_point = f.body.handle();
    ready_.push_back(&f);
  }

  task main_fiber(const block& program) {
    outcome r = co_await blocks(program);
    fiber& self = *fibers_.front();
    if (r.ok) (void)co_await root_handlers(self);
    self.finished = true;
    self.result = std::move(r);
    if (self.result.ok) co_return gives();
    report_panic(self, "Main fiber");
    seen_.exit_code = 1;
    ended_ = true;
    co_return gives();
  }

  task spawned_fiber(fiber& self, const operation& o) {
    event(o, "begins");
    outcome r = co_await body(o);
    (void)co_await root_handlers(self);
    self.finished = true;
    self.result = std::move(r);
    if (self.state == handle_state::detached) report_panic(self, "Fiber");
    if (self.state == handle_state::joining) {
      // Ahead of the others.
      fiber& joiner = *self.joiner;
      wake(joiner, take_result(self));
      ready_.pop_back();
      ready_.push_front(&joiner);
    }
    co_return gives();
  }

  static outcome take_result(fiber& target) {
    target.state = handle_state::joined;
    target.interruption_caught = !target.result.ok && target.result.values[0].interrupted;
    return target.interruption_caught ? gives() : std::move(target.result);
  }

  void report_panic(const fiber& f, const std::string& who) {
    if (!f.finished || f.result.ok) return;
    const value& error = f.result.values[0];
    if (f.number != 0 && error.interrupted) return;
    seen_.reports.push_back(who + " panicked: '" + error.message + "'");
  }

  void report_deadlocks() {
    for (const mutex& m : mutexes_)
      if (!m.waiters.empty()) seen_.reports.emplace_back("possible deadlock: mutex");
    for (const future& f : futures_)
      if (!f.waiters.empty()) seen_.reports.emplace_back("possible deadlock: future");
  }

  // --- suspension -----------------------------------------------------------

  [[nodiscard]] bool interruption_due() const {
    return current_->interruption_requested && current_->interruption_disabled == 0;
  }

  // What a suspending call raises instead of doing anything.
  std::optional<outcome> refused(bool interruptible = true) const {
    if (current_->suspension_forbidden > 0) return raises(core_errc::forbid_suspend_block);
    if (interruptible && interruption_due()) return raises(core_errc::interrupted);
    return std::nullopt;
  }

  struct suspension {
    model& self;
    fiber* suspended = nullptr;

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h) {
      suspended = self.current_;
      suspended->resume_point = h;
    }
    outcome await_resume() { return std::move(suspended->passed); }
  };

  // Until somebody wakes the running fiber.
  suspension parked(wait_kind kind, bool cancellable) {
    current_->passed = gives();
    current_->waiting = kind;
    current_->cancellable = cancellable && current_->interruption_disabled == 0;
    return suspension{*this};
  }

  void wake(fiber& f, outcome result) {
    f.waiting = wait_kind::none;
    f.passed = std::move(result);
    ready_.push_back(&f);
  }

  // The VM closes: nothing that runs goes on.
  std::suspend_always end() {
    ended_ = true;
    return {};
  }

  void request_interruption(fiber& f) {
    f.interruption_requested = true;
    if (!f.cancellable) return;
    switch (f.waiting) {
      case wait_kind::join:
        f.joined->state = handle_state::joinable;
        f.joined->joiner = nullptr;
        return wake(f, raises(core_errc::interrupted));
      case wait_kind::condition:
        std::erase(*f.condition, &f);
        return reacquire(f, raises(core_errc::interrupted));
      case wait_kind::future:
        std::erase(f.awaited->waiters, &f);
        return wake(f, raises(core_errc::interrupted));
      case wait_kind::none:
      case wait_kind::other:
        return;
    }
  }

  // --- scopes ---------------------------------------------------------------

  stack& current_stack() {
    if (current_->resumed.empty()) return *current_;
    return *current_->resumed.back();
  }

  task handlers(scope all) {
    if (all.empty()) co_return gives();
    ++current_->interruption_disabled;
    while (!all.empty()) {
      const operation& o = *all.back();
      all.pop_back();
      event(o, "handles");
      const outcome r = co_await blocks(o.block);
      if (r.ok) continue;
      seen_.reports.emplace_back("a cleanup handler failed");
      co_await end();
    }
    if (current_->interruption_disabled > 0) --current_->interruption_disabled;
    co_return gives();
  }

  task leave_scope(stack& own) {
    scope all = std::move(own.scopes.back());
    own.scopes.pop_back();
    co_return co_await handlers(std::move(all));
  }

  // Of a stack whose body has ended. What they push, and do not pop, is dropped.
  task root_handlers(stack& ended) {
    scope all = std::exchange(ended.scopes.front(), {});
    if (all.empty()) co_return gives();
    stack& running = current_stack();
    std::vector<scope> own = std::exchange(running.scopes, std::vector<scope>(1));
    (void)co_await handlers(std::move(all));
    running.scopes = std::move(own);
    co_return gives();
  }

  // --- coroutines -------------------------------------------------------------

  struct switch_to {
    coroutine& to;

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> h) {
      to.resumer = h;
      to.body.handle().promise().continuation = h;
      return to.resume_point;
    }
    void await_resume() noexcept {}
  };

  struct switch_back {
    coroutine& from;

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> h) {
      from.resume_point = h;
      return from.resumer;
    }
    void await_resume() noexcept {}
  };

  task coroutine_body(coroutine& self, const operation& o) {
    event(o, "begins", self.passed.values);
    self.passed = co_await body(o);
    self.finished = true;
    current_->resumed.pop_back();
    co_return gives();
  }

  [[nodiscard]] bool resumed_by(const fiber& f, const coroutine& c) const {
    return std::ranges::find(f.resumed, &c) != f.resumed.end();
  }

  [[nodiscard]] bool busy(const coroutine& c) const {
    return std::ranges::any_of(
        fibers_, [&](const auto& f) { return f.get() != current_ && resumed_by(*f, c); });
  }

  task resume(coroutine& c, std::vector<value> arguments) {
    if (interruption_due()) co_return raises(core_errc::interrupted);
    if (busy(c)) co_return raises(std::errc::operation_not_permitted);
    outcome r;
    if (c.finished) {
      r = raises(string("cannot resume dead coroutine"));
    } else if (resumed_by(*current_, c)) {
      r = raises(string("cannot resume running coroutine"));
    } else {
      c.passed = gives(std::move(arguments));
      current_->resumed.push_back(&c);
      co_await switch_to{c};
      r = std::move(c.passed);
      if (c.finished) (void)co_await root_handlers(c);
    }
    if (c.wrapped) co_return r;
    r.values.insert(r.values.begin(), boolean(r.ok));
    r.ok = true;
    co_return r;
  }

  task yield_from_coroutine(const operation& o) {
    if (current_->resumed.empty()) co_return raises(core_errc::bad_coroutine);
    coroutine& c = *current_->resumed.back();
    current_->resumed.pop_back();
    c.passed = gives(values(o));
    co_await switch_back{c};
    co_return std::move(c.passed);
  }

  std::string_view status(const coroutine& c) const {
    if (c.wrapped) return "wrapped";
    if (c.finished) return "dead";
    if (!current_->resumed.empty() && current_->resumed.back() == &c) return "running";
    return busy(c) || resumed_by(*current_, c) ? "normal" : "suspended";
  }

  // --- blocks -----------------------------------------------------------------

  void event(const operation& o, std::string_view what, const std::vector<value>& values = {}) {
    std::vector<std::string> shown;
    shown.reserve(values.size());
    for (const value& v : values) shown.push_back(v.shown);
    seen_.trace.push_back(show_event(current_->number, o.number, what, shown));
  }

  static std::vector<value> values(const operation& o) {
    switch (value_count(o.argument)) {
      case 0:
        return {};
      case 1:
        return {number(o.number)};
      case 2:
        return {number(o.number), nil()};
      default:
        return {nil(), number(o.number), nil()};
    }
  }

  task blocks(const block& operations) {
    for (const operation& o : operations) {
      event(o, "starts");
      outcome r = co_await execute(o);
      if (!r.ok) co_return r;
      event(o, "gives", r.values);
    }
    co_return gives();
  }

  task body(const operation& o) {
    outcome r = co_await blocks(o.block);
    if (r.ok) r.values = values(o);
    co_return r;
  }

  task execute(const operation& o) {
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
  void reacquire(fiber& f, outcome result) {
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

  task exit() {
    co_await end();
    co_return gives();
  }

  observation seen_;
  std::vector<std::unique_ptr<fiber>> fibers_;
  std::vector<std::unique_ptr<coroutine>> coroutines_;
  fiber* current_ = nullptr;
  queue ready_;
  bool ended_ = false;

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
