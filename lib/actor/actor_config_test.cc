#include "lib/actor/actor_config.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <vector>

#include "lib/base/file.h"
#include "lib/ipc/codec.h"
#include "lib/ipc/sealed_memory.h"
#include "lib/ipc/seqpacket.h"

namespace emilua::actor {
namespace {

void expect_round_trip(std::size_t size, bool large) {
  const actor_config config{
      .module = "/app/worker.lua",
      .import_root = "/app",
      .environment = {{"A", "1"}, {"B", ""}, {"", std::string{"\0=", 2}}},
      .sources = {{"/app/worker.lua", "return 1"}, {"/app/x.lua", std::string(size, '-')}},
      .text_only = true,
      .has_init_script = true,
      .init_script = "error 'x'",
  };
  const auto channel = ipc::make_channel();
  ASSERT_TRUE(channel);
  const auto memory = send_config(config, channel->second.get());
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->get() != -1, large);
  const auto copy = receive_config(channel->first.get(), memory->get());
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

TEST(ActorConfig, GoesThroughTheChannelWhereItIsSmall) { expect_round_trip(10'000, false); }

TEST(ActorConfig, GoesIntoMemoryWhereItIsLarge) { expect_round_trip(100'000, true); }

TEST(ActorConfig, GoesIntoMemoryWhereTheChannelIsFull) {
  const auto channel = ipc::make_channel();
  ASSERT_TRUE(channel);
  const std::vector<std::byte> filling(10'000);
  while (ipc::send_packet(channel->second.get(), filling, {})) {
  }
  actor_config config;
  config.module = "/x";
  const auto memory = send_config(config, channel->second.get());
  ASSERT_TRUE(memory);
  const auto copy = receive_config(channel->first.get(), memory->get());
  ASSERT_TRUE(copy) << copy.error();
  EXPECT_EQ(copy->module, "/x");
}

std::error_code refusal(const ipc::message_writer& writer) {
  const auto memory = ipc::seal(writer.bytes());
  EXPECT_TRUE(memory);
  const std::error_code error = receive_config(-1, memory->get()).error();
  const auto channel = ipc::make_channel();
  EXPECT_TRUE(channel);
  EXPECT_TRUE(ipc::send_packet(channel->second.get(), writer.bytes(), {}));
  EXPECT_EQ(receive_config(channel->first.get(), -1).error(), error);
  return error;
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
  EXPECT_EQ(receive_config(-1, unsealed.get()).error(), std::errc::operation_not_permitted);

  const auto nothing = ipc::make_channel();
  ASSERT_TRUE(nothing);
  EXPECT_EQ(receive_config(nothing->first.get(), -1).error(), std::errc::bad_message);
}

}  // namespace
}  // namespace emilua::actor
