// A program that the engine has started, until it is reaped.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <system_error>

#include "lib/bindings/io/completion.h"
#include "lib/bindings/io/operation_queue.h"
#include "lib/ipc/process.h"
#include "lib/ipc/spawn_program.h"

namespace emilua::bindings {

// Owned by the Lua object and by the wait under way. When both are gone and nobody has learnt of
// the end of the process, it gets its last signal, and the event loop stays until it has ended and
// is reaped: there is no zombie, and the engine does not leave before its children.
//
// Used from one strand.
class child_process : public std::enable_shared_from_this<child_process> {
 public:
  // `last_signal` 0: none.
  child_process(boost::asio::io_context& io, int last_signal) noexcept
      : io_(io), last_signal_(last_signal) {}
  child_process(const child_process&) = delete;
  ~child_process();

  // Takes the process over, once. If it cannot be watched, it is killed and reaped.
  [[nodiscard]] std::error_code adopt(ipc::spawned_program program);
  // The same with a child of the helper, which reaps it and says through `line` how it has ended
  // (ipc/lifeline.h).
  [[nodiscard]] std::error_code adopt(ipc::spawned_program program, base::unique_fd line);

  enum class state { running, waited_for, reaped };
  [[nodiscard]] state what() const noexcept { return state_; }
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  // How it ended; empty before a wait has completed.
  [[nodiscard]] const std::optional<ipc::exit_status>& status() const noexcept { return status_; }

  // To a process that is not reaped.
  [[nodiscard]] base::result<> send_signal(int signal) noexcept;

  // handler(std::error_code) once the process has ended and is reaped. A cancelled wait has had no
  // effect. One at a time.
  template <class Handler>
  void async_wait(Handler handler) {
    state_ = state::waited_for;
    end_->start(
        [this] { return try_to_reap(); },
        mapped_handler{std::move(handler), [self = shared_from_this()](
                                               Handler& h, std::error_code error, auto&& result) {
                         if (!error && !result) error = result.error();
                         self->finish_wait();
                         h(error);
                       }});
  }

 private:
  using reaped = base::result<ipc::exit_status>;

  [[nodiscard]] bool is_helpers() const noexcept { return static_cast<bool>(pidfd_); }
  [[nodiscard]] std::optional<reaped> try_to_reap() noexcept;
  void finish_wait() noexcept;
  void leave_to_event_loop();

  boost::asio::io_context& io_;
  pid_t pid_ = -1;
  int last_signal_;
  state state_ = state::reaped;
  std::optional<ipc::exit_status> status_;
  base::unique_fd pidfd_;  // for signals to a child of the helper
  // Its process descriptor, or a helper's line: readable once the process has ended, and now and
  // then before: an event of another descriptor that was closed with events under way may reach the
  // one that has its place.
  std::shared_ptr<operation_queue> end_;
};

}  // namespace emilua::bindings
