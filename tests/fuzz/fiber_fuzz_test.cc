// Drives fiber_fuzz.cc without libFuzzer: some programs of interest, then random ones, always the
// same.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/fuzz/fiber_model.h"
#include "tests/fuzz/fiber_program.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using fiber_fuzz::op;

constexpr int program_count = 6'000;

class code {
 public:
  code& add(op kind, std::uint8_t argument = 0) {
    bytes_.push_back(static_cast<std::uint8_t>(kind));
    bytes_.push_back(argument);
    return *this;
  }
  code& guarded(op kind, std::uint8_t argument = 0) {
    bytes_.push_back(static_cast<std::uint8_t>(kind) | fiber_fuzz::guarded);
    bytes_.push_back(argument);
    return *this;
  }
  code& end() {
    bytes_.push_back(static_cast<std::uint8_t>(op::end));
    return *this;
  }
  void run() const { LLVMFuzzerTestOneInput(bytes_.data(), bytes_.size()); }
  [[nodiscard]] const std::vector<std::uint8_t>& bytes() const { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
};

TEST(FiberFuzz, AJoinerRunsAheadOfReadyFibers) {
  code program;
  program.add(op::spawn, 3).add(op::yield).end();
  program.add(op::spawn).add(op::join, 0).end();
  program.add(op::spawn).add(op::yield).add(op::yield).end();
  program.add(op::join, 1).run();
}

TEST(FiberFuzz, AnInterruptedWaiterGetsItsMutexBack) {
  code program;
  program.add(op::spawn).add(op::lock).add(op::push).add(op::unlock).end();
  program.add(op::wait).end();
  program.add(op::yield).add(op::lock).add(op::interrupt, 0).add(op::yield).add(op::unlock);
  program.guarded(op::join, 0).add(op::interruption_caught, 0).add(op::lock).run();
}

TEST(FiberFuzz, AnInterruptionAfterTheNotificationIsTooLate) {
  code program;
  program.add(op::spawn).add(op::lock).add(op::wait).add(op::unlock).add(op::yield).end();
  program.add(op::yield).add(op::lock).add(op::notify_one).add(op::interrupt, 0).add(op::yield);
  program.add(op::unlock).add(op::join, 0).add(op::interruption_caught, 0).run();
}

TEST(FiberFuzz, AHandlerMayRestoreInterruption) {
  code program;
  program.add(op::spawn);
  program.add(op::scope).add(op::push).add(op::restore_interruption).end().end();
  program.add(op::yield).guarded(op::restore_interruption).end();
  program.add(op::yield).add(op::interrupt, 0).add(op::join, 0);
  program.add(op::interruption_caught, 0).run();
}

TEST(FiberFuzz, ACoroutineIsBusyWhileAFiberIsParkedInIt) {
  code program;
  program.add(op::create).add(op::get, 0).add(op::coroutine_yield, 2).end();
  program.add(op::spawn).add(op::resume, 0).end();
  program.add(op::yield).add(op::status, 0).guarded(op::resume, 0).add(op::set_value, 0);
  program.add(op::yield).add(op::status, 0).add(op::resume, 1).add(op::status, 0).run();
}

TEST(FiberFuzz, DeadlocksAndLatePanicsAreReported) {
  code program;
  program.add(op::spawn).add(op::lock).add(op::lock).end();
  program.add(op::spawn).add(op::get).end();
  program.add(op::spawn).add(op::error).end();
  program.run();
  EXPECT_EQ(fiber_fuzz::expected(fiber_fuzz::decode(program.bytes())).reports,
            (std::vector<std::string>{"Fiber panicked: 'e7'", "possible deadlock: future",
                                      "possible deadlock: mutex"}));
}

// Bytes that make programs of some depth: mostly operations that fibers wait with or for.
std::vector<std::uint8_t> random_program(std::mt19937_64& random) {
  static constexpr op favourites[] = {
      op::spawn, op::spawn,      op::join,   op::yield, op::interrupt,      op::lock, op::unlock,
      op::wait,  op::notify_one, op::get,    op::pcall, op::scope,          op::push, op::create,
      op::wrap,  op::resume,     op::resume, op::end,   op::coroutine_yield};
  // Not std::uniform_int_distribution, whose results differ between libraries.
  const auto below = [&random](std::size_t bound) { return random() % bound; };
  std::vector<std::uint8_t> bytes;
  for (std::size_t n = 4 + below(120); n != 0; --n) {
    const op kind = below(2) == 0 ? favourites[below(std::size(favourites))]
                                  : static_cast<op>(below(fiber_fuzz::op_count));
    const bool guarded = kind != op::end && below(3) != 0;
    bytes.push_back(static_cast<std::uint8_t>(kind) | (guarded ? fiber_fuzz::guarded : 0));
    if (kind != op::end) bytes.push_back(static_cast<std::uint8_t>(below(256)));
  }
  return bytes;
}

TEST(FiberFuzz, RandomProgramsDoWhatTheSpecificationSays) {
  std::mt19937_64 random{20'220'102};
  std::size_t events = 0;
  std::set<std::string> reports;
  for (int i = 0; i != program_count; ++i) {
    const std::vector<std::uint8_t> bytes = random_program(random);
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    const auto seen = fiber_fuzz::expected(fiber_fuzz::decode(bytes));
    events += seen.trace.size();
    for (const std::string& report : seen.reports) reports.insert(report.substr(0, 16));
  }
  // Or the programs have ended before anything happened.
  EXPECT_GT(events, program_count * std::size_t{10});
  EXPECT_GE(reports.size(), 4u);
  RecordProperty("events", std::to_string(events));
}

}  // namespace
