// Prints the seconds for one function posted to another thread's event loop and one posted back:
// what messages between actors with threads of their own cost at least. First between loops that
// can do nothing else, then between loops that can wait for descriptors too, as an actor's must.
#include <algorithm>
#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cstdio>
#include <optional>
#include <thread>

namespace {

constexpr int round_trips = 20000;

using boost::asio::io_context;

class game {
 public:
  explicit game(bool with_descriptors) {
    // Whatever needs the reactor makes it.
    if (!with_descriptors) return;
    descriptors_[0].emplace(here_);
    descriptors_[1].emplace(other_loop_);
  }

  // Runs in the first loop's thread.
  double play() {
    left_ = round_trips;
    const auto start = std::chrono::steady_clock::now();
    there();
    here_.run();
    here_.restart();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    return took.count() / round_trips;
  }

  void end() {
    other_works_.reset();
    other_.join();
  }

 private:
  void there() {
    works_.emplace(here_.get_executor());
    boost::asio::post(other_loop_, [this] { boost::asio::post(here_, [this] { back(); }); });
  }
  void back() {
    works_.reset();
    if (--left_ != 0) there();
  }

  using work = boost::asio::executor_work_guard<io_context::executor_type>;
  io_context here_{1}, other_loop_{1};
  std::optional<boost::asio::posix::stream_descriptor> descriptors_[2];
  std::optional<work> works_, other_works_{other_loop_.get_executor()};
  std::jthread other_{[this] { other_loop_.run(); }};
  int left_ = 0;
};

double median_of_games(bool with_descriptors) {
  game g{with_descriptors};
  std::array<double, 5> times;
  for (double& time : times) time = g.play();
  g.end();
  std::ranges::sort(times);
  return times[2];
}

}  // namespace

int main() {
  const double plain = median_of_games(false);
  std::printf("%.9f %.9f\n", plain, median_of_games(true));
}
