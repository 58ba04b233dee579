#include "lib/bindings/system/child_process.h"

#include <csignal>
#include <exception>

namespace emilua::bindings {

std::error_code child_process::adopt(ipc::spawned_program program) {
  const auto give_up = [&] {
    static_cast<void>(ipc::send_signal(program.pidfd.get(), SIGKILL));
    static_cast<void>(ipc::reap(program.pidfd.get()));
  };
  boost::system::error_code error;
  try {
    pidfd_.assign(program.pidfd.get(), error);
  } catch (...) {  // no memory
    give_up();
    throw;
  }
  if (error) {
    give_up();
    return error;
  }
  static_cast<void>(program.pidfd.release());
  pid_ = program.pid;
  state_ = state::running;
  return {};
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
  auto pidfd = std::make_shared<boost::asio::posix::stream_descriptor>(std::move(pidfd_));
  pidfd->async_wait(boost::asio::posix::stream_descriptor::wait_read,
                    [pidfd](boost::system::error_code error) {
                      if (!error) static_cast<void>(ipc::reap(pidfd->native_handle()));
                    });
}

std::error_code child_process::finish_wait(std::error_code error) noexcept {
  state_ = state::running;
  if (error) return error;
  const auto status = ipc::reap(pidfd_.native_handle());
  state_ = state::reaped;
  boost::system::error_code ignored;
  pidfd_.close(ignored);
  if (!status) return status.error();
  status_ = *status;
  return {};
}

}  // namespace emilua::bindings
