// Who has which signal of the process: the one place where dispositions change once the program
// runs.
//
//   auto signals = std::make_shared<signal_service>(process.main_pool().io());
//   process.provide(*signals);
//   …
//   auto set = std::make_shared<signal_registration>(*process.find<signal_service>(), v.io());
//   set->add(SIGTERM);
//   set->async_wait(handler);       // handler(std::error_code, int)
//
// A signal that is in a set has Asio's handler; with the last set that holds it the disposition
// that the engine starts with returns (SIG_DFL, but for SIGPIPE, which is ignored). All is
// thread-safe but for one registration, which is used from one strand.
// Source: signal(7), sigaction(2).
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "lib/base/error.h"

namespace emilua::bindings {

class signal_service : public std::enable_shared_from_this<signal_service> {
 public:
  explicit signal_service(boost::asio::io_context& io) : io_(io) {}

  // Errors: EPERM (generic) while a set has the signal; EINVAL where the kernel refuses. SIGCHLD is
  // discarded either way: to ignore it for good would make the kernel forget how children ended.
  [[nodiscard]] base::result<> ignore(int signal);
  [[nodiscard]] base::result<> set_default(int signal);

  // For code that may not end the process: EPERM unless the signal is one that cannot harm, or is
  // taken care of; EINVAL for what is no signal.
  [[nodiscard]] base::result<> raise_handled(int signal);

 private:
  friend class signal_registration;

  [[nodiscard]] base::result<> set_disposition(int signal, void (*handler)(int));
  [[nodiscard]] boost::system::error_code acquire(boost::asio::signal_set& set, int signal);
  void release(boost::asio::signal_set& set, int signal);

  boost::asio::io_context& io_;
  std::mutex mutex_;
  std::array<int, NSIG> owners_{};  // sets that have the signal
  // Asio would restore SIG_DFL, and until we had made that SIG_IGN again a thread that writes to a
  // broken pipe would end the process. So Asio is never told that the last set has gone: this one
  // stays, and the disposition changes behind its back.
  std::optional<boost::asio::signal_set> pipe_keeper_;
  std::optional<struct sigaction> pipe_handler_;  // Asio's, once the keeper has the signal
};

// The signals of one set, and what has arrived of them.
class signal_registration {
 public:
  signal_registration(signal_service& service, boost::asio::io_context& io)
      : service_(service.weak_from_this()), set_(io) {}
  signal_registration(const signal_registration&) = delete;
  ~signal_registration() { clear(); }

  // Nothing happens if it is there already. EINVAL for what nobody can have.
  [[nodiscard]] std::error_code add(int signal);
  // Also forgets those that have arrived; waits go on.
  void remove(int signal);
  void clear();
  void cancel() { set_.cancel(); }

  template <class Handler>
  void async_wait(Handler handler) {
    set_.async_wait(std::move(handler));
  }

 private:
  std::weak_ptr<signal_service> service_;  // at the very end it may be gone before us
  boost::asio::signal_set set_;
  std::set<int> signals_;
};

}  // namespace emilua::bindings
