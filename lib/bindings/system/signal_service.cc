#include "lib/bindings/system/signal_service.h"

#include <cerrno>

namespace emilua::bindings {
namespace {

bool in_range(int signal) noexcept { return signal > 0 && signal < NSIG; }

// Their default is to be discarded, or they let a stopped process go on.
bool is_harmless(int signal) noexcept {
  return signal == SIGCONT || signal == SIGCHLD || signal == SIGURG || signal == SIGWINCH;
}

// System calls of other threads are not to fail because a signal has come.
boost::system::error_code restart_calls(int signal) {
  struct sigaction action;
  if (::sigaction(signal, nullptr, &action) == -1) return {errno, boost::system::system_category()};
  action.sa_flags |= SA_RESTART;
  if (::sigaction(signal, &action, nullptr) == -1) return {errno, boost::system::system_category()};
  return {};
}

}  // namespace

base::result<> signal_service::set_disposition(int signal, void (*handler)(int)) {
  const std::scoped_lock lock{mutex_};
  if (in_range(signal) && owners_[static_cast<std::size_t>(signal)] != 0)
    return std::make_error_code(std::errc::operation_not_permitted);
  struct sigaction action {};
  action.sa_handler = handler;
  if (::sigaction(signal, &action, nullptr) == -1) return base::last_error();
  return {};
}

base::result<> signal_service::ignore(int signal) {
  return set_disposition(signal, signal == SIGCHLD ? SIG_DFL : SIG_IGN);
}

base::result<> signal_service::set_default(int signal) { return set_disposition(signal, SIG_DFL); }

base::result<> signal_service::raise_handled(int signal) {
  if (signal == SIGKILL || signal == SIGSTOP)
    return std::make_error_code(std::errc::operation_not_permitted);
  // Nobody may take the handler away between the look and the signal. It runs in this thread,
  // before raise() returns.
  const std::scoped_lock lock{mutex_};
  struct sigaction action;
  if (::sigaction(signal, nullptr, &action) == -1)
    return std::make_error_code(std::errc::invalid_argument);
  if (!is_harmless(signal) && action.sa_handler == SIG_DFL)
    return std::make_error_code(std::errc::operation_not_permitted);
  if (::raise(signal) != 0) return base::last_error();
  return {};
}

boost::system::error_code signal_service::acquire(boost::asio::signal_set& set, int signal) {
  boost::system::error_code error;
  const std::scoped_lock lock{mutex_};
  const bool first = in_range(signal) && owners_[static_cast<std::size_t>(signal)] == 0;
  if (first && signal == SIGPIPE) {
    if (!pipe_handler_) {
      pipe_keeper_.emplace(io_).add(SIGPIPE, error);
      if (!error) error = restart_calls(SIGPIPE);
      if (!error) ::sigaction(SIGPIPE, nullptr, &pipe_handler_.emplace());
    } else {
      ::sigaction(SIGPIPE, &*pipe_handler_, nullptr);
    }
  }
  if (!error) set.add(signal, error);
  if (!error && first) error = restart_calls(signal);
  if (!error) ++owners_[static_cast<std::size_t>(signal)];
  return error;
}

void signal_service::release(boost::asio::signal_set& set, int signal) {
  boost::system::error_code none;  // what was added can be removed
  const std::scoped_lock lock{mutex_};
  if (--owners_[static_cast<std::size_t>(signal)] == 0 && signal == SIGPIPE) {
    struct sigaction action {};
    action.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &action, nullptr);
  }
  set.remove(signal, none);
}

std::error_code signal_registration::add(int signal) {
  if (signals_.contains(signal)) return {};
  const auto service = service_.lock();
  if (service == nullptr) return std::make_error_code(std::errc::operation_not_permitted);
  const auto [place, inserted] = signals_.insert(signal);
  const auto error = service->acquire(set_, signal);
  if (error) signals_.erase(place);
  return error;
}

void signal_registration::remove(int signal) {
  if (signals_.erase(signal) == 0) return;
  if (const auto service = service_.lock()) service->release(set_, signal);
}

void signal_registration::clear() {
  while (!signals_.empty()) remove(*signals_.begin());
}

}  // namespace emilua::bindings
