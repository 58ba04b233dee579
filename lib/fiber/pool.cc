#include "lib/fiber/pool.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdlib>
#include <exception>
#include <string>

#include "lib/base/file.h"

namespace emilua::fiber {
namespace {

[[noreturn]] void give_up(const std::string& reason) {
  // Nobody is left to tell when standard error itself fails.
  static_cast<void>(base::write_all(2, base::bytes_of("emilua: " + reason + "\n")));
  std::_Exit(1);
}

}  // namespace

pool::pool(concurrency hint)
    : hint_(hint), io_(hint == concurrency::single ? 1 : BOOST_ASIO_CONCURRENCY_HINT_SAFE) {
  // Whatever needs the reactor makes it.
  const boost::asio::posix::stream_descriptor needs_reactor{io_};
}

std::error_code pool::add_threads(std::size_t count) {
  if (hint_ == concurrency::single) return std::make_error_code(std::errc::not_supported);
  const std::scoped_lock lock{adding_};
  if (count > max_threads - added_.size())
    return std::make_error_code(std::errc::resource_unavailable_try_again);
  for (; count != 0; --count)
    if (const std::error_code error = added_.start([this] { run_loop(); })) return error;
  return {};
}

void pool::run_loop() noexcept {
  try {
    io_.run();
  } catch (const std::exception& e) {  // no memory
    give_up(e.what());
  }
}

void pool::run() noexcept {
  run_loop();
  added_.join();
}

}  // namespace emilua::fiber
