// One Lua VM: a state, its fibers, and the strand that lets only one of them run at a time.
//
// Everything but the constructor, start() and executor() is called on the strand: by Lua code
// of this VM, or by completion handlers bound to executor().
//
// A VM lives as long as a fiber is ready or an operation is under way; then, or after a panic or
// exit(), it closes itself: operations are cancelled, the Lua state is destroyed, and the object
// itself goes when the last completion handler has come back.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/fiber/block_cache.h"
#include "lib/fiber/builtins.h"
#include "lib/fiber/context.h"
#include "lib/fiber/fiber.h"
#include "lib/lua/class.h"

namespace emilua::fiber {

using strand = boost::asio::strand<boost::asio::io_context::executor_type>;

// State that a binding keeps for each VM; see vm::extension.
class vm_extension {
 public:
  virtual ~vm_extension() = default;
  // The main fiber has returned without error.
  virtual void main_finished() {}
  // The VM closes; Lua is still there, but runs no more.
  virtual void closing() {}
};

class fresh_state;
class module_loader;

class vm : public std::enable_shared_from_this<vm> {
 public:
  enum class role { main, worker };

  struct options {
    builtins names;
    role entry = role::main;
    bool master = true;  // may touch process-wide state and set the exit status
  };

  // Creates the state with its globals. std::bad_alloc when there is no memory for it.
  static std::shared_ptr<vm> create(context& process, pool& threads, const options& opts);
  // The same with a state, made with the same names, that is there already: it is taken.
  static std::shared_ptr<vm> create(context& process, pool& threads, const options& opts,
                                    fresh_state& fresh);
  ~vm();

  // The program's entry: compiled at once, run on the strand later.
  struct entry_script {
    std::string path;  // absolute; names the chunk and the import root's directory
    std::string_view source;
    std::string chunk_name;   // as Lua wants it: "@path" or "=name"
    std::string import_root;  // empty: the directory of `path`
  };
  // The compiler's message if the source is not Lua; the VM is then closed.
  [[nodiscard]] std::string start(const entry_script& entry);

  // The VM that runs `L`.
  [[nodiscard]] static vm& of(lua_State* L) noexcept;

  [[nodiscard]] context& process() noexcept { return process_; }
  // Where it runs.
  [[nodiscard]] pool& threads() noexcept { return threads_; }
  [[nodiscard]] boost::asio::io_context& io() noexcept { return threads_.io(); }
  [[nodiscard]] const strand& executor() const noexcept { return strand_; }
  [[nodiscard]] bool is_master() const noexcept { return options_.master; }
  // Another VM takes the role.
  void resign_as_master() noexcept { options_.master = false; }
  [[nodiscard]] const options& config() const noexcept { return options_; }
  // From the moment it starts to close: finalizers see it closed.
  [[nodiscard]] bool closed() const noexcept { return closed_; }
  [[nodiscard]] lua_State* state() const noexcept { return state_; }
  [[nodiscard]] module_loader& loader() noexcept { return *loader_; }

  // --- fibers -------------------------------------------------------------

  // The running fiber; there is one whenever Lua code runs, but for finalizers at the end.
  [[nodiscard]] fiber* current() const noexcept { return current_; }

  // Takes the function on top of L's stack. The fiber is not ready yet.
  fiber& new_fiber(lua_State* L, fiber_kind kind);

  void make_ready(fiber& f);        // to the tail of the queue
  void make_ready_first(fiber& f);  // ahead of all others

  // Checks that L may suspend now, or raises: forbid_suspend_block, interrupted, or a string error
  // where native code is in the way. `interruptible` is false for calls that are no interruption
  // point.
  fiber& check_suspension(lua_State* L, bool interruptible = true);

  // Parks the running fiber: the caller returns the result. Somebody wakes it later, having pushed
  // `true` and results, or `false` and an error, on its stack (see wake()).
  [[nodiscard]] int park(lua_State* L);
  // Gives the turn to the others; the running fiber stays ready.
  [[nodiscard]] int yield(lua_State* L);
  // The running fiber would be the next to run if it became ready now, in this turn: it need not be
  // parked for what is there already. To be asked once for each such step, of which a turn has no
  // more than it has resumptions.
  [[nodiscard]] bool may_go_on() noexcept;

  // Wakes a parked fiber with the `nresults` values on top of its stack.
  void wake(fiber& f, int nresults, bool first = false);
  void wake_with_error(fiber& f, std::error_code error);
  // The same with values that were made on top of state(), and move. Nothing may be allocated on
  // the stack of a parked fiber: a finalizer of the program may run then, and where one fails,
  // LuaJIT forgets that the stack's coroutine has yielded.
  void hand_over(fiber& f, int nresults);

  void request_interruption(fiber& f);

  // The fiber's results have been taken, or nobody wants them.
  void release(fiber& f);
  // Prints the error of a finished fiber, unless it is `interrupted`.
  void report_panic(fiber& f);

  // --- operations ---------------------------------------------------------

  // What keeps the VM alive besides ready fibers; suspend.h does this for asynchronous operations.
  void operation_started() noexcept { ++operations_; }
  // A completion that comes in a turn of its own is one: what it wakes runs at the end, without
  // being scheduled. False inside another turn.
  [[nodiscard]] bool begin_turn() noexcept { return !std::exchange(in_turn_, true); }
  // Lua code may be running, and the fiber that a completion is for may not be parked yet.
  [[nodiscard]] bool in_turn() const noexcept { return in_turn_; }
  void operation_finished(bool own_turn);
  void operation_abandoned() noexcept { --operations_; }  // it never started

  // --- end ----------------------------------------------------------------

  // Ends the VM from Lua code: never returns to it, and no pcall stops it.
  [[nodiscard]] int exit(lua_State* L);
  // Reports, and ends the VM.
  [[nodiscard]] int fail_cleanup(lua_State* L);

  // An allocation has failed: whatever catches the error, the VM ends.
  void memory_exhausted() noexcept;
  [[nodiscard]] bool out_of_memory() const noexcept { return out_of_memory_; }

  // --- state of bindings --------------------------------------------------

  // The VM's one instance of T, made on first use.
  template <class T>
  T& extension() {
    static constexpr char key = 0;
    auto& slot = extensions_[&key];
    if (!slot) slot = std::make_unique<T>(*this);
    return static_cast<T&>(*slot);
  }

 private:
  vm(context& process, pool& threads, const options& opts, fresh_state& fresh);

  static void* allocate(void* self, void* block, std::size_t old_size, std::size_t new_size);
  void schedule();
  void run_ready();
  void resume(fiber& f);
  void finish(fiber& f, int status);
  [[nodiscard]] bool start_root_handlers(fiber& f);
  void end_root_handlers(fiber& f);
  void deliver(fiber& f);
  void finish_main(fiber& f);
  void panic(fiber& f);
  void report_deadlocks() const;
  void stop_lua() noexcept;
  void close();

  context& process_;
  pool& threads_;
  options options_;
  strand strand_;
  block_cache blocks_;
  lua_State* state_;
  std::unique_ptr<module_loader> loader_;

  fiber* current_ = nullptr;
  fiber_queue ready_;
  bool scheduled_ = false;  // a turn has been posted
  bool in_turn_ = false;
  int resumptions_left_ = 0;  // of the turn
  bool ending_ = false;
  bool closed_ = false;
  bool out_of_memory_ = false;
  std::size_t operations_ = 0;
  std::uint64_t last_serial_ = 0;

  // Fibers are recycled, and outlive the Lua state: handlers of cancelled operations name them.
  std::vector<std::unique_ptr<fiber>> fibers_;
  std::vector<fiber*> idle_;
  absl::flat_hash_map<const void*, std::unique_ptr<vm_extension>> extensions_;
};

}  // namespace emilua::fiber
