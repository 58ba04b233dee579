// How fibers, scopes and coroutines run, whatever they do: the half of the model without the
// operations.
#pragma once

#include <algorithm>
#include <coroutine>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/fuzz/fiber_model_types.h"

namespace fiber_fuzz::modelled {

class machine {
 public:
  virtual ~machine() = default;

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

 protected:
  // --- what fibers do ---------------------------------------------------------

  virtual task execute(const operation& o) = 0;
  // The wait on a condition has ended, with this once the fiber has its mutex again.
  virtual void reacquire(fiber& f, outcome result) = 0;
  virtual void report_deadlocks() = 0;

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
    machine& self;
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

  observation seen_;
  std::vector<std::unique_ptr<fiber>> fibers_;
  fiber* current_ = nullptr;
  queue ready_;
  bool ended_ = false;
};

}  // namespace fiber_fuzz::modelled
