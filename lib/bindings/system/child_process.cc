#include "lib/bindings/system/child_process.h"

#include <boost/asio/bind_executor.hpp>
#include <boost/system/system_error.hpp>
#include <csignal>
#include <exception>

#include "lib/ipc/lifeline.h"

namespace emilua::bindings {
namespace {

std::optional<base::result<ipc::exit_status>> try_to_reap(int end, bool is_line) noexcept {
  const auto status = is_line ? ipc::read_status(end) : ipc::try_reap(end);
  if (!status) return status.error();
  if (!*status) return std::nullopt;
  return **status;
}

}  // namespace

std::error_code child_process::adopt(ipc::spawned_program program) {
  const auto give_up = [&] {
    static_cast<void>(ipc::send_signal(program.pidfd.get(), SIGKILL));
    static_cast<void>(ipc::reap(program.pidfd.get()));
  };
  try {
    end_ = std::make_shared<operation_queue>(io_, std::move(program.pidfd),
                                             operation_queue::wait_read);
  } catch (const boost::system::system_error& e) {
    give_up();
    return e.code();
  } catch (...) {  // no memory
    give_up();
    throw;
  }
  pid_ = program.pid;
  state_ = state::running;
  return {};
}

std::error_code child_process::adopt(ipc::spawned_program program, base::unique_fd line) {
  try {
    end_ = std::make_shared<operation_queue>(io_, std::move(line), operation_queue::wait_read);
  } catch (const boost::system::system_error& e) {
    // The helper ends it when the line closes; one that survives that, we end.
    static_cast<void>(ipc::send_signal(program.pidfd.get(), SIGKILL));
    return e.code();
  }
  pidfd_ = std::move(program.pidfd);
  pid_ = program.pid;
  state_ = state::running;
  return {};
}

base::result<> child_process::send_signal(int signal) noexcept {
  if (!is_helpers()) return ipc::send_signal(end_->native(), signal);
  const auto sent = ipc::send_signal(pidfd_.get(), signal);
  // The helper has reaped it: as good as a zombie, which takes signals.
  if (!sent && sent.error() == std::errc::no_such_process) return {};
  return sent;
}

child_process::~child_process() {
  if (state_ == state::reaped) return;
  // The only failure is that it has ended already, or is somebody else's by now (EPERM).
  if (last_signal_ != 0) static_cast<void>(send_signal(last_signal_));
  try {
    leave_to_event_loop();
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
    // No memory. It is reaped when the engine ends.
  }
}

void child_process::leave_to_event_loop() {
  // The queue lives while it waits.
  end_->start([end = end_->native(),
               is_line = is_helpers()] { return bindings::try_to_reap(end, is_line); },
              boost::asio::bind_executor(io_.get_executor(), [](std::error_code, auto&&) {}));
}

std::optional<child_process::reaped> child_process::try_to_reap() noexcept {
  const auto result = bindings::try_to_reap(end_->native(), is_helpers());
  if (result) {
    state_ = state::reaped;
    if (*result) status_ = **result;
  }
  return result;
}

void child_process::finish_wait() noexcept {
  if (state_ == state::reaped)
    end_.reset();
  else
    state_ = state::running;
}

}  // namespace emilua::bindings
