#include "lib/fiber/vm.h"

#include <boost/asio/post.hpp>
#include <cassert>
#include <cstdlib>
#include <new>

#include "lib/fiber/fresh_state.h"
#include "lib/fiber/globals.h"
#include "lib/fiber/module_loader.h"
#include "lib/fiber/native_stack.h"
#include "lib/fiber/suspend.h"
#include "lib/lua/core_error.h"
#include "lib/lua/error.h"

namespace emilua::fiber {
namespace {

// A turn ends after so many resumptions, so that a busy VM does not keep the thread from its
// siblings and from the kernel's news.
constexpr int resumptions_per_turn = 128;

std::string address_of(const void* p) {
  char text[24];
  std::snprintf(text, sizeof text, "%p", p);
  return text;
}

}  // namespace

// --- life -----------------------------------------------------------------

vm::vm(context& process, pool& threads, const options& opts, fresh_state& fresh)
    : process_(process),
      threads_(threads),
      options_(opts),
      strand_(threads.io().get_executor()),
      blocks_(std::move(fresh.blocks_)),
      state_(std::exchange(fresh.state_, nullptr)) {
  lua_setallocf(state_, &vm::allocate, this);
  loader_ = std::make_unique<module_loader>(*this);
  process_.count_vm(1);
}

vm::~vm() { close(); }

std::shared_ptr<vm> vm::create(context& process, pool& threads, const options& opts) {
  fresh_state fresh{opts.names};
  return create(process, threads, opts, fresh);
}

std::shared_ptr<vm> vm::create(context& process, pool& threads, const options& opts,
                               fresh_state& fresh) {
  std::shared_ptr<vm> v{new vm{process, threads, opts, fresh}};
  const auto fit = [](lua_State* L) {
    fit_globals(vm::of(L), L);
    lua_gc(L, LUA_GCRESTART, -1);
    return 0;
  };
  if (lua_cpcall(v->state(), fit, nullptr) != 0) throw std::bad_alloc{};
  return v;
}

vm& vm::of(lua_State* L) noexcept {
  void* self;
  lua_getallocf(L, &self);
  return *static_cast<vm*>(self);
}

// The C library's allocator, behind the VM's cache, instead of LuaJIT's own: sanitizers see every
// object, and the argument doubles as the way from a Lua state to its VM.
void* vm::allocate(void* self, void* block, std::size_t old_size, std::size_t new_size) {
  vm& v = *static_cast<vm*>(self);
  void* const moved = v.blocks_.resize(block, old_size, new_size);
  if (moved == nullptr && new_size != 0) v.memory_exhausted();
  return moved;
}

void vm::memory_exhausted() noexcept {
  out_of_memory_ = true;
  stop_lua();
}

// From here on every instruction of Lua code raises an error, so that nothing is gained by catching
// one.
void vm::stop_lua() noexcept {
  ending_ = true;
  if (state_ == nullptr) return;
  lua_sethook(
      state_, [](lua_State* L, lua_Debug*) { lua::raise_text(L, "the program ends"); },
      LUA_MASKCOUNT, 1);
}

std::string vm::start(const entry_script& entry) {
  lua_State* L = state();
  struct call {
    vm& self;
    const entry_script& entry;
    bool compiled = false;
  } c{*this, entry};
  const auto load = [](lua_State* l) {
    auto& args = *static_cast<call*>(lua_touserdata(l, 1));
    lua_settop(l, 0);
    module_record& record = args.self.loader().add_entry(args.entry);
    args.self.loader().compile(l, record, args.entry.source, args.entry.chunk_name);
    fiber& main = args.self.loader().new_module_fiber(l, fiber_kind::main, record);
    main.owner = fiber_owner::detached;
    args.self.make_ready(main);
    args.compiled = true;
    return 0;
  };
  // Once there is a turn to come, another thread may begin it.
  in_turn_ = true;
  const int status = lua_cpcall(L, load, &c);
  in_turn_ = false;
  if (status == 0) {
    schedule();
    return {};
  }
  std::string message{lua::push_message(L, -1)};
  lua_settop(L, 0);
  if (message.empty()) message = "the script could not be loaded";
  close();
  return message;
}

void vm::close() {
  if (closed_) return;
  ending_ = true;
  closed_ = true;
  current_ = nullptr;
  ready_.clear();
  for (auto& [key, extension] : extensions_) extension->closing();
  for (auto& f : fibers_) {
    if (f->operation_pending) f->signal.emit(boost::asio::cancellation_type::all);
    // Now or never: once Lua closes, the error values fall apart.
    if (f->state == fiber_state::finished && f->owner == fiber_owner::handle && f->status != 0) {
      report_panic(*f);
      f->status = 0;
    }
  }
  lua_sethook(state_, nullptr, 0, 0);  // finalizers run as ever
  lua_close(state_);
  if (out_of_memory_) {
    process_.log().report("VM " + address_of(state_) + " closed: ", "not enough memory");
    if (options_.master) process_.set_exit_code(1);
  }
  state_ = nullptr;
  process_.count_vm(-1);
}

int vm::exit(lua_State* L) {
  ending_ = true;
  if (current_ != nullptr && current_->native_calls == 0 && lua_isyieldable(L)) return park(L);
  // Where the stack cannot be left by suspension, it is left by an error.
  stop_lua();
  lua::raise_text(L, "the program ends");
}

// --- fibers ---------------------------------------------------------------

fiber& vm::new_fiber(lua_State* L, fiber_kind kind) {
  luaL_checkstack(L, 3, "fiber");
  lua_State* thread = lua_newthread(L);
  const int ref = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_xmove(L, thread, 1);
  // From here on nothing raises a Lua error, which would leave a fiber that nobody has.
  fiber* f;
  if (idle_.empty()) {
    f = fibers_.emplace_back(std::make_unique<fiber>()).get();
  } else {
    f = idle_.back();
    idle_.pop_back();
  }
  f->L = thread;
  f->thread_ref = ref;
  f->kind = kind;
  f->serial = ++last_serial_;
  return *f;
}

void vm::release(fiber& f) {
  if (!closed()) {
    luaL_unref(state(), LUA_REGISTRYINDEX, f.thread_ref);
    luaL_unref(state(), LUA_REGISTRYINDEX, f.local_ref);
    luaL_unref(state(), LUA_REGISTRYINDEX, f.error_ref);
  }
  std::destroy_at(&f);
  std::construct_at(&f);
  idle_.push_back(&f);
}

void vm::make_ready(fiber& f) {
  f.state = fiber_state::ready;
  ready_.push_back(f);
  schedule();
}

void vm::make_ready_first(fiber& f) {
  f.state = fiber_state::ready;
  ready_.push_front(f);
  schedule();
}

fiber& vm::check_suspension(lua_State* L, bool interruptible) {
  if (current_ == nullptr) lua::raise_text(L, "attempt to suspend outside of a fiber");
  fiber& f = *current_;
  if (f.suspension_forbidden != 0) lua::raise(L, lua::core_errc::forbid_suspend_block);
  if (interruptible && f.interruption_requested && f.interruption_disabled == 0)
    lua::raise(L, lua::core_errc::interrupted);
  if (f.native_calls != 0 || !lua_isyieldable(L))
    lua::raise_text(L, "attempt to suspend inside a function that native code calls");
  return f;
}

int vm::park(lua_State* L) {
  current_->state = fiber_state::parked;
  lua_pushlightuserdata(L, suspend_tag());
  return lua_yield(L, 1);
}

int vm::yield(lua_State* L) {
  make_ready(*current_);
  lua_pushlightuserdata(L, suspend_tag());
  return lua_yield(L, 1);
}

bool vm::may_go_on() noexcept {
  if (!ready_.empty() || resumptions_left_ == 0) return false;
  --resumptions_left_;
  return true;
}

void vm::wake(fiber& f, int nresults, bool first) {
  f.on_interrupt = nullptr;
  f.resume_args = nresults;
  if (first)
    make_ready_first(f);
  else
    make_ready(f);
}

void vm::wake_with_error(fiber& f, std::error_code error) {
  luaL_checkstack(state_, 8, "error");
  lua_pushboolean(state_, 0);
  lua::push(state_, error);
  hand_over(f, 2);
}

void vm::hand_over(fiber& f, int nresults) {
  luaL_checkstack(f.L, nresults, "results");
  lua_xmove(state_, f.L, nresults);
  wake(f, nresults);
}

void vm::request_interruption(fiber& f) {
  if (f.interruption_requested) return;
  f.interruption_requested = true;
  if (f.state != fiber_state::parked || f.on_interrupt == nullptr) return;
  const auto interrupt = std::exchange(f.on_interrupt, nullptr);
  interrupt(f);
}

// --- turns ----------------------------------------------------------------

void vm::schedule() {
  if (scheduled_ || in_turn_) return;
  scheduled_ = true;
  boost::asio::post(strand_, [self = shared_from_this()] {
    self->scheduled_ = false;
    self->run_ready();
  });
}

void vm::run_ready() {
  if (closed()) return;
  static_cast<void>(native_stack_is_deep());  // it counts from here
  in_turn_ = true;
  resumptions_left_ = resumptions_per_turn;
  while (resumptions_left_ != 0 && !ready_.empty() && !ending_) {
    --resumptions_left_;
    fiber& next = ready_.front();
    ready_.pop_front();
    resume(next);
  }
  in_turn_ = false;
  if (ending_) return close();
  if (ready_.empty() && operations_ == 0) {
    report_deadlocks();
    return close();
  }
  if (!ready_.empty()) schedule();
}

void vm::operation_finished(bool own_turn) {
  --operations_;
  if (own_turn) run_ready();
}

void vm::resume(fiber& f) {
  current_ = &f;
  f.state = fiber_state::running;
  if (f.resume_args == 0 && lua_status(f.L) == LUA_YIELD) {
    lua_pushboolean(f.L, 1);
    f.resume_args = 1;
  }
  const int status = lua_resume(f.L, std::exchange(f.resume_args, 0));
  current_ = nullptr;
  if (ending_) return;
  if (status == LUA_YIELD) {
    lua_pop(f.L, 1);  // the tag
    assert(f.state != fiber_state::running);
    return;
  }
  finish(f, status);
}

void vm::finish(fiber& f, int status) {
  if (f.body != nullptr) {
    end_root_handlers(f);
  } else {
    f.status = status;
    if (status != 0) {
      lua_xmove(f.L, state_, 1);
      f.error_ref = luaL_ref(state_, LUA_REGISTRYINDEX);
    }
    if (start_root_handlers(f)) return resume(f);
  }
  f.state = fiber_state::finished;
  deliver(f);
}

// Handlers that the body has left in its root scope run on a stack of their own, as the same fiber:
// the body's stays as it is, with the results, or the error and where it was raised.
bool vm::start_root_handlers(fiber& f) {
  if (f.kind == fiber_kind::main && f.status != 0) return false;
  int handlers_ref = LUA_NOREF;
  lua_State* T = take_root_handlers(state_, f.thread_ref, handlers_ref);
  if (T == nullptr) return false;
  f.body = std::exchange(f.L, T);
  f.body_ref = std::exchange(f.thread_ref, handlers_ref);
  f.resume_args = 1;
  return true;
}

void vm::end_root_handlers(fiber& f) {
  luaL_unref(state(), LUA_REGISTRYINDEX, f.thread_ref);
  f.L = std::exchange(f.body, nullptr);
  f.thread_ref = std::exchange(f.body_ref, LUA_NOREF);
}

void vm::deliver(fiber& f) {
  switch (f.kind) {
    case fiber_kind::main:
      finish_main(f);
      return;
    case fiber_kind::module:
      loader_->finished(f);
      return;
    case fiber_kind::spawned:
      break;
  }
  if (f.owner == fiber_owner::joiner) {
    wake_joiner(*this, f);
  } else if (f.owner == fiber_owner::detached) {
    if (f.status != 0) report_panic(f);
    release(f);
  }
}

void vm::finish_main(fiber& f) {
  if (f.status != 0) return panic(f);
  loader_->set_loaded(f);
  for (auto& [key, extension] : extensions_) extension->main_finished();
  release(f);
}

void vm::panic(fiber& f) {
  report_panic(f);
  if (options_.master) process_.set_exit_code(1);
  ending_ = true;
}

int vm::fail_cleanup(lua_State* L) {
  if (!ending_) {
    process_.log().report(
        "VM " + address_of(state()) + " closed: a cleanup handler failed in coroutine ",
        address_of(L));
  }
  return exit(L);
}

// Fibers that wait for each other: nobody is left who could let them go on.
void vm::report_deadlocks() const {
  absl::flat_hash_map<const void*, std::pair<const char*, int>> objects;
  for (const auto& f : fibers_) {
    if (f->state != fiber_state::parked || f->deadlock == nullptr) continue;
    auto& [name, waiters] = objects[f->waiting_for];
    name = f->deadlock;
    ++waiters;
  }
  for (const auto& [object, waiters] : objects) {
    process_.log().report("VM " + address_of(state_) + ": possible deadlock: ",
                          waiters.first + (" " + address_of(object)) + " has " +
                              std::to_string(waiters.second) +
                              (waiters.second == 1 ? " waiter" : " waiters"));
  }
}

void vm::report_panic(fiber& f) {
  struct call {
    const vm& self;
    const fiber& failed;
  } c{*this, f};
  const auto report = [](lua_State* L) {
    const auto& [self, failed] = *static_cast<call*>(lua_touserdata(L, 1));
    lua_rawgeti(L, LUA_REGISTRYINDEX, failed.error_ref);
    if (failed.kind == fiber_kind::spawned && lua::is_error(L, -1, lua::core_errc::interrupted))
      return 0;
    const std::string headline =
        failed.kind == fiber_kind::main
            ? "Main fiber from VM " + address_of(self.state_) + " panicked: "
            : "Fiber " + address_of(failed.L) + " panicked: ";
    lua::push_message(L, -1);
    luaL_traceback(L, failed.L, nullptr, 0);
    self.process_.log().report(headline, lua::to_text(L, -2), lua::to_text(L, -1));
    return 0;
  };
  // A finalizer of the program may fail at any allocation; the report is then made once more.
  for (int tries = 0; tries < 3 && lua_cpcall(state_, report, &c) != 0; ++tries) lua_pop(state_, 1);
}

// --- operations -----------------------------------------------------------

namespace detail {

void begin_operation(vm& v, fiber& f) noexcept {
  v.operation_started();
  f.operation_pending = true;
  f.interrupt_sent = false;
  if (f.interruption_disabled == 0) {
    f.on_interrupt = [](fiber& self) {
      self.interrupt_sent = true;
      self.signal.emit(boost::asio::cancellation_type::all);
    };
  }
}

void abandon_operation(vm& v, fiber& f) noexcept {
  f.operation_pending = false;
  f.on_interrupt = nullptr;
  // Not operation_finished(): the fiber that failed to start it is still running.
  v.operation_abandoned();
}

bool end_operation(vm& v, fiber& f) noexcept {
  f.operation_pending = false;
  f.on_interrupt = nullptr;
  if (v.closed()) return false;
  f.signal.slot().clear();
  return true;
}

void deliver_error(vm& v, fiber& f, std::error_code error) {
  static const std::error_code aborted =
      boost::asio::error::make_error_code(boost::asio::error::operation_aborted);
  if (f.interrupt_sent && error == aborted) error = lua::core_errc::interrupted;
  v.wake_with_error(f, error);
}

void deliver_failure(vm& v, fiber& f, int top) {
  // Out of memory, the VM ends. Otherwise it was a finalizer of the program, which may fail at any
  // allocation: the fiber is told, as Lua code would be.
  for (int tries = 0; tries < 100 && !v.out_of_memory(); ++tries) {
    try {
      lua_State* S = v.state();
      lua_settop(S, top);
      lua_pushboolean(S, 0);
      lua_pushliteral(S, "error in a finalizer");
      return v.hand_over(f, 2);
    } catch (...) {  // NOLINT(bugprone-empty-catch): again
    }
  }
}

}  // namespace detail

}  // namespace emilua::fiber
