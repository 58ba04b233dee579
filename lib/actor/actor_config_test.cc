#include "lib/actor/actor_config.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "lib/base/file.h"
#include "lib/ipc/codec.h"
#include "lib/ipc/sealed_memory.h"

namespace emilua::actor {
namespace {

TEST(ActorConfig, RoundTrip) {
  const actor_config config{
      .module = "/app/worker.lua",
      .import_root = "/app",
      .environment = {{"A", "1"}, {"B", ""}, {"", std::string{"\0=", 2}}},
      .sources = {{"/app/worker.lua", "return 1"}, {"/app/x.lua", std::string(100'000, '-')}},
      .text_only = true,
      .has_init_script = true,
      .init_script = "error 'x'",
  };
  const auto memory = seal_config(config);
  ASSERT_TRUE(memory);
  const auto copy = open_config(memory->get());
  ASSERT_TRUE(copy) << copy.error();
  EXPECT_EQ(copy->module, config.module);
  EXPECT_EQ(copy->import_root, config.import_root);
  EXPECT_EQ(copy->environment, config.environment);
  EXPECT_EQ(copy->sources, config.sources);
  EXPECT_EQ(copy->text_only, config.text_only);
  EXPECT_EQ(copy->has_init_script, config.has_init_script);
  EXPECT_EQ(copy->init_script, config.init_script);
}

TEST(ActorConfig, LimitsRoundTrip) {
  const sandbox::cgroup_policy all{.memory_max = UINT64_MAX,
                                   .memory_swap_max = 0,
                                   .pids_max = 5,
                                   .cpu_max = "50000 100000",
                                   .io_max = "8:0 rbps=1"};
  for (const sandbox::cgroup_policy& limits : {sandbox::cgroup_policy{}, all}) {
    const auto memory = seal_limits(limits);
    ASSERT_TRUE(memory);
    const auto copy = open_limits(memory->get());
    ASSERT_TRUE(copy) << copy.error();
    EXPECT_EQ(*copy, limits);
  }
  ipc::message_writer no_number;
  no_number.begin_table(5, 0);
  for (const char* text : {"1", "2", "3x", "", ""}) no_number.string(text);
  const auto memory = ipc::seal(no_number.bytes());
  ASSERT_TRUE(memory);
  EXPECT_EQ(open_limits(memory->get()).error(), std::errc::bad_message);
}

std::error_code refusal(const ipc::message_writer& writer) {
  const auto memory = ipc::seal(writer.bytes());
  EXPECT_TRUE(memory);
  return open_config(memory->get()).error();
}

TEST(ActorConfig, AnythingElseIsRefused) {
  ipc::message_writer scalar;
  scalar.number(1);
  EXPECT_EQ(refusal(scalar), std::errc::bad_message);

  ipc::message_writer wrong_type;
  wrong_type.begin_table(7, 0);
  for (int i = 0; i < 7; ++i) wrong_type.number(i);
  EXPECT_EQ(refusal(wrong_type), std::errc::bad_message);

  ipc::message_writer too_short;
  too_short.begin_table(1, 0);
  too_short.string("module");
  EXPECT_EQ(refusal(too_short), std::errc::bad_message);

  const base::unique_fd unsealed{::memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  EXPECT_EQ(open_config(unsealed.get()).error(), std::errc::operation_not_permitted);
}

}  // namespace
}  // namespace emilua::actor
