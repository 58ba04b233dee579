// The process that all subprocess actors are cloned from.
//
//   int main(int argc, char** argv, char** envp) {
//     auto helper = actor::spawn_helper::start({argc, argv, envp}, life);   // first thing
//     …
//     auto child = helper->spawn(request);      // any thread, any time later
//
// The helper is forked before threads, files or secrets exist. It erases the program's arguments
// and environment from its memory, closes every descriptor but its socket, and sleeps in a read. It
// holds descriptor numbers and flags only: what an actor is to do goes past it, in the actor's own
// channel or in sealed memory. An
// actor is a clone of the helper, without exec, so nothing of the main process can leak into it and
// an empty root directory is no obstacle. The helper reaps its children, reports how they ended,
// and ends those whose creator is gone without having released them; it leaves when the main
// process is gone and its last child has ended. It also makes and removes the cgroups of boxes: a
// child's end is told once its cgroup is gone, and everybody in it.
//
// An actor has a helper of its own, too: it forks one after its init.script, or in its box; where
// there is neither, nor a namespace, this helper makes both, side by side.
//
// Once it has made an actor it prepares what all actors begin with (actor_life::prepare): the same
// for everybody, made of nothing that came from outside, and before it is asked for the next one.
#pragma once

#include <absl/container/inlined_vector.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>

#include "lib/actor/actor_config.h"
#include "lib/base/error.h"
#include "lib/base/unique_fd.h"
#include "lib/ipc/credentials.h"
#include "lib/sandbox/launch.h"
#include "lib/sandbox/restrict_self.h"

namespace emilua::actor {

struct wire_reply;
struct wire_request;
using descriptor_numbers = absl::InlinedVector<int, 14>;

enum class stdio_mode : unsigned char {
  none,   // input at its end; output that nobody reads
  share,  // the helper's own, which is what the program was started with
  given,  // a descriptor of the request
};

struct stdio_plan {
  stdio_mode mode = stdio_mode::none;
  int fd = -1;  // borrowed
};

// All that is decided about a child before it exists.
struct spawn_request {
  stdio_plan stdio[3];           // in, out, err
  int init_argument = -1;        // borrowed; -1: none
  int inbox = -1;                // borrowed: the reading end of the actor's channel
  int config = -1;               // borrowed: send_config(); -1: it is in the inbox
  std::uint64_t namespaces = 0;  // CLONE_NEW* of those that the child is to have for itself
  double wall_time = 0;          // seconds until it is killed; 0: never
  // Of a cgroup of its own, which its box's first step joins; null: none. Borrowed; with it, there
  // is an init_argument.
  const sandbox::cgroup_policy* cgroup = nullptr;
  // It is to have a helper of its own, and is what this one is until its life begins: no
  // init.script, namespaces or box. A clone of this one then does as well as one that it forks, and
  // is made while it goes on.
  bool with_helper = false;
  std::span<const int> sources;  // borrowed: sandbox::plan::sources
};

struct spawned_child {
  pid_t pid;
  base::unique_fd pidfd;
  base::unique_fd line;  // the creator's end of its lifeline: see ipc/lifeline.h
};

// What the new process begins with, when only descriptors 0 to 3 are open.
struct actor_start {
  actor_config config;  // less the init.script, which has been run and erased
  base::unique_fd inbox;
  base::unique_fd helper;  // to its own: see spawn_helper::connect(). Empty: there is none yet
};

// What actors are, for the process that makes them.
class actor_life {
 public:
  // In the helper, once it has made an actor: does what all that follow begin with, each of which
  // has a copy. It does not fail: what is not prepared is made by the actor.
  virtual void prepare() noexcept = 0;
  // In the actor's process; the result is its exit status.
  [[nodiscard]] virtual int run(actor_start start) = 0;

 protected:
  ~actor_life() = default;
};

// Why there is no helper: the system call that failed.
struct failed_call {
  std::error_code error;
  const char* call;
};

class spawn_helper final : public ipc::credential_follower,
                           public sandbox::launcher,
                           public sandbox::companion {
 public:
  // The memory that the kernel shows as the process's command line and environment.
  struct start_memory {
    int argc;
    char** argv;
    char** envp;
  };

  // Forks. The caller is single-threaded, and signals do in it what they are to do in all children.
  [[nodiscard]] static boost::system::result<std::unique_ptr<spawn_helper>, failed_call> start(
      start_memory memory, actor_life& life);

  // To the helper of an actor_start.
  [[nodiscard]] static std::unique_ptr<spawn_helper> connect(base::unique_fd helper);

  // Asks for a child and waits for it to exist; what it does then is seen through its channel.
  // Fails at its cgroup, at clone(2), or (`host`) with ECHILD when the helper is gone.
  [[nodiscard]] boost::system::result<spawned_child, sandbox::launch_failure> spawn(
      const spawn_request& request);

  // The same for a program in a box, and waits until that runs.
  [[nodiscard]] boost::system::result<launcher::child, sandbox::launch_failure> launch_boxed(
      const sandbox::plan& plan, const sandbox::program_launch& program) override;

  // Makes a change of credentials in the helper, and so in all children to come. Errors of the
  // change, or ECHILD when the helper is gone.
  [[nodiscard]] base::result<> follow(const ipc::credential_change& change) override;

  // Afterwards spawn() gives ECHILD if the helper has ended, and makes no cgroups: what that takes
  // is for a helper outside.
  [[nodiscard]] std::optional<sandbox::step_failure> restrict(const sandbox::plan& plan) override;

 private:
  [[nodiscard]] std::optional<sandbox::step_failure> restrict_helper(const sandbox::plan& plan);
  explicit spawn_helper(base::unique_fd socket) : socket_(std::move(socket)) {}

  // Fills `answer` with the descriptors that come back.
  [[nodiscard]] base::result<wire_reply> exchange(const wire_request& request,
                                                  std::span<const int> descriptors,
                                                  std::span<base::unique_fd> answer);
  // The same for a process. `cgroup` may be null.
  [[nodiscard]] boost::system::result<spawned_child, sandbox::launch_failure> make_process(
      wire_request& request, descriptor_numbers descriptors, const sandbox::cgroup_policy* cgroup);

  std::mutex mutex_;  // one request at a time
  base::unique_fd socket_;
  std::atomic<bool> boxed_ = false;
};

}  // namespace emilua::actor
