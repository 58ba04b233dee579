// The cgroups that the helper makes and removes: on the machine's own hierarchy. Those here have no
// limits, which need controllers: see //tests/api:sandbox_cgroup_test.
#include "lib/actor/spawn_helper.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "lib/ipc/lifeline.h"
#include "lib/ipc/process.h"
#include "lib/ipc/test_child.h"
#include "lib/sandbox/cgroup.h"
#include "lib/sandbox/compiled_plan.h"
#include "lib/sandbox/execute.h"
#include "lib/sandbox/hidden_empty_string.h"

namespace emilua::actor {
namespace {

namespace fs = std::filesystem;
using stage = sandbox::launch_failure::stage;

// An actor that does nothing.
class staying final : public actor_life {
 public:
  void prepare() noexcept override {}
  int run(actor_start) override {
    for (;;) ::pause();
  }
};

std::string word_of(const fs::path& path) {
  std::string word;
  std::ifstream{path} >> word;
  return word;
}

// The name of the process's cgroup.
std::string cgroup_of(pid_t pid) {
  std::ifstream groups{"/proc/" + std::to_string(pid) + "/cgroup"};
  for (std::string line; std::getline(groups, line);)
    if (line.starts_with("0::")) return fs::path{line.substr(3)}.filename();
  return "";
}

ipc::exit_status wait_for_status(int line) {
  for (;;) {
    const auto status = ipc::read_status(line);
    if (!status) return {.code = -status.error().value(), .signal = 0};
    if (*status) return **status;
    pollfd p{line, POLLIN, 0};
    ::poll(&p, 1, -1);
  }
}

void wait_for_end(int pidfd) {
  pollfd p{pidfd, POLLIN, 0};
  ::poll(&p, 1, -1);
}

struct pipe_ends {
  base::unique_fd reader, writer;
};

pipe_ends make_pipe() {
  int ends[2];
  EXPECT_EQ(0, ::pipe2(ends, O_CLOEXEC));
  return {base::unique_fd{ends[0]}, base::unique_fd{ends[1]}};
}

class HelperCgroupTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto own = sandbox::own_cgroup();
    if (!own || ::access(own->c_str(), W_OK) == -1) EMILUA_SKIP("no cgroup that may be written to");
    parent_ = *own;
    start();
    plan_.steps = {{sandbox::step_kind::join_cgroup, "limits.cgroup"}};
    plan_.cgroup.emplace();
  }

  void start() {
    staying life;  // the helper has a copy
    auto started = spawn_helper::start({0, nullptr, nullptr}, life);
    ASSERT_TRUE(started);
    helper_ = std::move(*started);
    pid_ = std::stoi(word_of("/proc/thread-self/children"));
  }

  void TearDown() override {
    if (!helper_) return;
    helper_.reset();
    EXPECT_EQ(pid_, ::waitpid(pid_, nullptr, 0));
    EXPECT_TRUE(leaves().empty());
  }

  // That the helper has made.
  [[nodiscard]] std::vector<std::string> leaves() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator{parent_}) {
      const std::string name = entry.path().filename();
      if (name.starts_with("emilua-box-") &&
          name.find("-" + std::to_string(pid_) + "-") != name.npos)
        names.push_back(name);
    }
    return names;
  }

  // The end of a child is seen before its cgroup is removed.
  void wait_until_removed() const {
    while (!leaves().empty()) ::sched_yield();
  }

  auto run(const char* script, int in = sandbox::no_descriptor, int out = sandbox::no_descriptor) {
    // Not known to the helper, in which it will have the same address.
    const auto empty_path = sandbox::hidden_empty_string::make();
    sandbox::program_launch program{.program = file_.get(),
                                    .empty_path = empty_path->c_str(),
                                    .path = "/bin/busybox",
                                    .arguments = {"busybox", "sh", "-c", script},
                                    .environment = {}};
    program.descriptors[0] = in;
    program.descriptors[1] = out;
    return helper_->launch_boxed(plan_, program);
  }

  const base::unique_fd file_{::open("/bin/busybox", O_RDONLY | O_CLOEXEC)};
  sandbox::plan plan_;
  std::string parent_;
  std::unique_ptr<spawn_helper> helper_;
  pid_t pid_ = -1;
};

TEST_F(HelperCgroupTest, OfAProgramIsGoneOnceItsEndIsTold) {
  pipe_ends in = make_pipe();
  const auto child = run("read x; exit 3", in.reader.get());
  ASSERT_TRUE(child) << child.error().what;
  ASSERT_EQ(1u, leaves().size());
  EXPECT_EQ(leaves()[0], cgroup_of(child->pid));
  in.writer.reset();
  in.reader.reset();
  EXPECT_EQ(3, wait_for_status(child->line.get()).code);
  EXPECT_TRUE(leaves().empty());
}

TEST_F(HelperCgroupTest, EndsWhoeverIsLeftInIt) {
  const pipe_ends in = make_pipe(), out = make_pipe();
  const auto child = run("sleep 1000 & echo $!; read x", in.reader.get(), out.writer.get());
  ASSERT_TRUE(child) << child.error().what;
  char text[16] = {};
  ASSERT_LT(0, ::read(out.reader.get(), text, sizeof text - 1));
  const base::unique_fd left = ipc::open_process(std::atoi(text));
  ASSERT_TRUE(left);
  ASSERT_EQ(1, ::write(in.writer.get(), "\n", 1));
  EXPECT_EQ(0, wait_for_status(child->line.get()).code);
  pollfd ended{left.get(), POLLIN, 0};
  EXPECT_EQ(1, ::poll(&ended, 1, 0));
  EXPECT_TRUE(leaves().empty());
}

TEST_F(HelperCgroupTest, GoesWithTheCreator) {
  const pipe_ends in = make_pipe();
  auto child = run("read x", in.reader.get());
  ASSERT_TRUE(child) << child.error().what;
  child->line.reset();
  wait_for_end(child->pidfd.get());
  wait_until_removed();
}

TEST_F(HelperCgroupTest, GoesWhenItsTimeIsOver) {
  plan_.wall_time = 0.001;
  const pipe_ends in = make_pipe();
  const auto child = run("read x", in.reader.get());
  // It may be over before the program runs.
  if (child) {
    EXPECT_EQ(SIGKILL, wait_for_status(child->line.get()).signal);
  }
  wait_until_removed();
}

TEST_F(HelperCgroupTest, OfAProgramThatDoesNotStartIsRemoved) {
  plan_.steps.push_back({sandbox::step_kind::change_directory, "cwd", "/no/such"});
  const auto child = run("true");
  ASSERT_FALSE(child);
  EXPECT_EQ(stage::step, child.error().where);
  EXPECT_EQ(1u, child.error().index);
  wait_until_removed();
}

TEST_F(HelperCgroupTest, ThatCannotBeMadeIsAFailureThatNamesThePart) {
  plan_.cgroup->io_max = "no such device";
  const auto child = run("true");
  ASSERT_FALSE(child);
  EXPECT_EQ(stage::cgroup, child.error().where);
  EXPECT_NE("", child.error().what);
  EXPECT_TRUE(child.error().code);
  EXPECT_TRUE(leaves().empty());
}

TEST_F(HelperCgroupTest, IsNotMadeOnceTheHelperIsInABoxItself) {
  sandbox::plan box;
  box.promises = sandbox::promise::proc;
  EXPECT_FALSE(helper_->restrict(box));
  const auto child = run("true");
  ASSERT_FALSE(child);
  EXPECT_EQ(stage::cgroup, child.error().where);
  EXPECT_EQ(std::errc::operation_not_permitted, child.error().code);
  plan_.cgroup.reset();
  plan_.steps.clear();
  EXPECT_TRUE(run("true"));
}

TEST_F(HelperCgroupTest, OfADeadHelperIsSweptByTheNextStart) {
  const pipe_ends in = make_pipe();
  const auto child = run("read x", in.reader.get());
  ASSERT_TRUE(child) << child.error().what;
  ASSERT_EQ(0, ::kill(pid_, SIGKILL));
  ASSERT_EQ(pid_, ::waitpid(pid_, nullptr, 0));
  EXPECT_EQ(1u, leaves().size());
  const pid_t dead = pid_;
  start();
  plan_.steps.clear();
  EXPECT_TRUE(run("true"));
  for (const auto& entry : fs::directory_iterator{parent_})
    EXPECT_EQ(std::string::npos, entry.path().native().find("-" + std::to_string(dead) + "-"));
  wait_until_removed();
}

TEST_F(HelperCgroupTest, IsAnActorsToo) {
  int handshake[2], inbox[2];
  ASSERT_EQ(0, ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, handshake));
  ASSERT_EQ(0, ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, inbox));
  const base::unique_fd fds[] = {base::unique_fd{handshake[0]}, base::unique_fd{handshake[1]},
                                 base::unique_fd{inbox[0]}, base::unique_fd{inbox[1]}};
  const auto config = send_config({.module = "x",
                                   .import_root = "",
                                   .environment = {},
                                   .sources = {},
                                   .init_script = "",
                                   .box = sandbox::compile(plan_)},
                                  inbox[0]);
  ASSERT_TRUE(config);
  spawn_request request;
  request.init_argument = handshake[1];
  request.inbox = inbox[1];
  request.config = config->get();
  request.cgroup = &*plan_.cgroup;
  auto child = helper_->spawn(request);
  ASSERT_TRUE(child) << child.error().what;
  sandbox::box_message said{};
  ASSERT_EQ(static_cast<ssize_t>(sizeof said), ::recv(handshake[0], &said, sizeof said, 0));
  EXPECT_EQ(sandbox::box_message::kind::ready, said.what);
  ASSERT_EQ(1u, leaves().size());
  EXPECT_EQ(leaves()[0], cgroup_of(child->pid));
  child->line.reset();
  wait_for_end(child->pidfd.get());
  wait_until_removed();
}

}  // namespace
}  // namespace emilua::actor
