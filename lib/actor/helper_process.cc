#include "lib/actor/helper_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "lib/actor/child_setup.h"
#include "lib/actor/helper_wire.h"
#include "lib/base/bytes.h"
#include "lib/base/file.h"
#include "lib/base/signals.h"
#include "lib/ipc/lifeline.h"
#include "lib/ipc/process.h"
#include "lib/ipc/sealed_memory.h"
#include "lib/sandbox/cgroup.h"
#include "lib/sandbox/compiled_plan.h"
#include "lib/sandbox/execute.h"

namespace emilua::actor {
namespace {

void erase_start_memory(const spawn_helper::start_memory& memory) {
  for (char** list : {memory.argv, memory.envp}) {
    if (list == nullptr) continue;
    for (; *list != nullptr; ++list) base::secure_erase(*list, std::strlen(*list));
  }
}

// The helper's end, said in the form of the main process. Whoever asks for a child gets ECHILD.
[[noreturn]] void give_up(const char* call) {
  char line[160];
  const int n =
      std::snprintf(line, sizeof line, "emilua: subprocess actors are not available: %s: %s\n",
                    call, std::strerror(errno));
  base::ignore_sigpipe();  // unread standard error is no other end than this
  static_cast<void>(base::write_all(2, base::bytes_of({line, static_cast<std::size_t>(n)})));
  ::_exit(1);
}

constexpr std::size_t max_groups = 65536;  // NGROUPS_MAX

int change_credentials(const wire_request& request, const descriptor_list& fds) {
  ipc::credential_change change{.what = request.change};
  std::ranges::copy(request.values, change.values.begin());
  if (request.change == ipc::credential_kind::working_directory) {
    if (fds.size() == 1) change.directory = fds[0].get();
  } else if (!fds.empty()) {
    const auto list = ipc::open_sealed(fds[0].get(), max_groups * sizeof(gid_t));
    if (!list) return list.error().value();
    change.groups.resize(list->bytes().size() / sizeof(gid_t));
    std::memcpy(change.groups.data(), list->bytes().data(), change.groups.size() * sizeof(gid_t));
  }
  const auto made = ipc::apply(change);
  return made ? 0 : made.error().value();
}

wire_reply reply_of(int error, pid_t pid = -1) { return {error, pid, {}}; }

wire_reply reply_of(const sandbox::cgroup_failure& failure) {
  wire_reply reply = reply_of(failure.code.value());
  failure.what.copy(reply.cgroup, sizeof reply.cgroup - 1);
  return reply;
}

// Failed: which step.
wire_reply enter_box(const descriptor_list& fds) {
  if (fds.size() != 1) return reply_of(EBADMSG, 0);
  const auto steps = ipc::open_sealed(fds[0].get(), max_config_size);
  if (!steps) return reply_of(steps.error().value(), 0);
  // The filters among them get our number: in a copy.
  std::vector<std::byte> copy{steps->bytes().begin(), steps->bytes().end()};
  const auto failed = sandbox::execute(sandbox::compiled_plan{copy});
  return failed ? reply_of(failed->error, static_cast<pid_t>(failed->index)) : reply_of(0);
}

// Those that mounts name; the limits of a cgroup, which are not the child's, come last of all.
// False: there are not as many as it says.
bool take_sources(const wire_request& request, std::span<const base::unique_fd> rest,
                  source_numbers& out) {
  const std::size_t count = std::size_t{request.sources} + (request.own_cgroup ? 1 : 0);
  if (request.sources > sandbox::max_sources || rest.size() != count) return false;
  for (const base::unique_fd& fd : rest.first(request.sources)) out.push_back(fd.get());
  return true;
}

bool take_descriptors(const wire_request& request, const descriptor_list& fds,
                      child_descriptors& out) {
  std::size_t next = 0;
  const auto take = [&] { return next < fds.size() ? fds[next++].get() : -1; };
  out.inbox = take();
  out.config = request.has_config ? take() : -1;
  out.init_argument = request.has_argument ? take() : -1;
  if (out.inbox == -1 || (request.has_config && out.config == -1) ||
      (request.has_argument && out.init_argument == -1))
    return false;
  for (int i = 0; i < 3; ++i) {
    out.stdio[i] = request.stdio[i] == stdio_mode::given ? take() : -1;
    if (request.stdio[i] == stdio_mode::given && out.stdio[i] == -1) return false;
  }
  if (request.own_cgroup && !request.has_argument) return false;
  return take_sources(request, std::span{fds}.subspan(next), out.sources);
}

bool take_descriptors(const wire_request& request, const descriptor_list& fds,
                      program_descriptors& out) {
  if (fds.size() < 3) return false;
  out.config = fds[0].get();
  out.handshake = fds[1].get();
  out.program = fds[2].get();
  std::size_t next = 3;
  for (std::size_t i = 0; i < out.given.size(); ++i) {
    out.given[i] = -1;
    if (!(request.numbers & (1u << i))) continue;
    if (next == fds.size()) return false;
    out.given[i] = fds[next++].get();
  }
  return take_sources(request, std::span{fds}.subspan(next), out.sources);
}

class helper {
 public:
  helper(base::unique_fd socket, actor_life& life, pid_t main)
      : socket_(std::move(socket)), life_(life), main_(main) {}

  // Descriptors that watch over everything. The name of the call that failed, or null.
  [[nodiscard]] const char* prepare() {
    sigset_t ended;
    ::sigemptyset(&ended);
    ::sigaddset(&ended, SIGCHLD);
    signals_.reset(::signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_) return "signalfd";
    events_.reset(::epoll_create1(EPOLL_CLOEXEC));
    if (!events_) return "epoll_create1";
    self_ = ipc::open_process(::getpid());
    if (!self_) return "pidfd_open";
    return watch(socket_.get()) && watch(signals_.get()) ? nullptr : "epoll_ctl";
  }

  // Where nothing can be served: says so to whoever wants it first, and not to programs that never
  // ask for a child.
  [[noreturn]] void refuse(const char* call) {
    const int error = errno;
    wire_request request;
    descriptor_list fds;
    if (!wait_for_packet(socket_.get(), request, fds)) ::_exit(0);
    errno = error;
    give_up(call);
  }

  void serve() {
    while (serving_ || !children_.empty()) {
      epoll_event events[64];
      const int n =
          base::retry([&] { return ::epoll_wait(events_.get(), events, std::size(events), -1); });
      if (n == -1) give_up("epoll_wait");
      // First what was asked for: an ended child's number may be a new one's the next moment.
      for (int i = 0; i < n; ++i) handle(events[i].data.fd);
    }
  }

 private:
  struct child {
    pid_t pid = -1;         // -1 once it was reaped
    base::unique_fd line;   // empty once the child was released
    base::unique_fd timer;  // if its time is limited
    bool survives = false;  // its creator
    std::optional<sandbox::cgroup_leaf> cgroup;
    ipc::exit_status status{};  // once it was reaped: told when its cgroup is empty
  };
  using child_iterator = std::vector<child>::iterator;

  [[nodiscard]] bool watch(int fd, std::uint32_t events = EPOLLIN) const {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    return ::epoll_ctl(events_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
  }

  void handle(int fd) {
    if (fd == socket_.get()) {
      if (serve_one()) return;
      // The main process is gone.
      serving_ = false;
      socket_.reset();
    } else if (fd == signals_.get()) {
      reap();
    } else {
      obey(fd);
    }
  }

  // A child's creator wants something, or is gone.
  void obey(int line) {
    const auto it = std::ranges::find(children_, line, [](const child& c) { return c.line.get(); });
    if (it == children_.end()) return end_time(line);
    switch (ipc::read_wish(line)) {
      case ipc::wish::nothing:
        return;
      case ipc::wish::end:
        if (!it->survives) kill(*it);
        [[fallthrough]];
      case ipc::wish::release:
        it->line.reset();
    }
  }

  // As long as it is not reaped, the number is its.
  static void kill(const child& c) {
    if (c.pid != -1) ::kill(c.pid, SIGKILL);
  }

  // A child's time is over; or it was reaped in the same round.
  void end_time(int timer) {
    const auto it =
        std::ranges::find(children_, timer, [](const child& c) { return c.timer.get(); });
    if (it == children_.end()) return look_into_cgroup(timer);
    std::uint64_t rings = 0;
    // An event may be that of another descriptor, which had the number before.
    if (::read(timer, &rings, sizeof rings) != sizeof rings) return;
    kill(*it);
    it->timer.reset();
  }

  // Somebody in the cgroup of a child that was reaped has ended, perhaps the last one.
  void look_into_cgroup(int events) {
    const auto it = std::ranges::find(
        children_, events, [](const child& c) { return c.pid == -1 ? c.cgroup->events() : -1; });
    if (it != children_.end() && it->cgroup->is_empty()) forget(it);
  }

  // Tells how it has ended: by now nothing is left of it.
  void forget(child_iterator it) {
    it->cgroup.reset();
    if (it->line) ipc::report_status(it->line.get(), it->status);
    if (it != children_.end() - 1) *it = std::move(children_.back());
    children_.pop_back();
  }

  // A child was reaped. Its cgroup may not be empty yet.
  void bury(child_iterator it, const ipc::exit_status& status) {
    it->pid = -1;
    it->timer.reset();
    it->status = status;
    if (!it->cgroup) return forget(it);
    it->cgroup->kill();
    // Without being told, we would have to wait for it: the leaf's end does.
    if (!watch(it->cgroup->events(), EPOLLPRI) || it->cgroup->is_empty()) forget(it);
  }

  // Whatever time is left when it is asked for, at the latest 1e9 seconds from now.
  [[nodiscard]] base::result<base::unique_fd> start_timer(double seconds) const {
    base::unique_fd timer{::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)};
    if (!timer) return base::last_error();
    seconds = std::clamp(seconds, 1e-9, 1e9);
    itimerspec when{};
    when.it_value.tv_sec = static_cast<time_t>(seconds);
    when.it_value.tv_nsec =
        static_cast<long>((seconds - static_cast<double>(when.it_value.tv_sec)) * 1e9);
    if (::timerfd_settime(timer.get(), 0, &when, nullptr) == -1 || !watch(timer.get()))
      return base::last_error();
    return timer;
  }

  void reap() {
    signalfd_siginfo info;
    while (base::retry([&] { return ::read(signals_.get(), &info, sizeof info); }) > 0) {
    }
    for (;;) {
      siginfo_t ended{};
      if (base::retry([&] { return ::waitid(P_ALL, 0, &ended, WEXITED | WNOHANG); }) == -1) {
        if (errno == ECHILD) return;
        give_up("waitid");  // nobody would ever hear of the ends of children
      }
      if (ended.si_pid == 0) return;
      const auto it = std::ranges::find(children_, ended.si_pid, &child::pid);
      if (it != children_.end()) bury(it, ipc::status_of(ended));
    }
  }

  [[nodiscard]] bool serve_one() {
    wire_request request;
    descriptor_list fds;
    if (!wait_for_packet(socket_.get(), request, fds)) return false;
    base::unique_fd pidfd;
    ipc::lifeline line;
    helper_socket own;
    const wire_reply reply = answer(request, fds, pidfd, line, own);
    const int descriptors[] = {pidfd.get(), line.creator.get()};
    const bool sent = ipc::send_packet(socket_.get(), bytes_of_object(reply),
                                       {descriptors, pidfd ? std::size_t{2} : 0})
                          .has_value();
    if (!pidfd || request.what != wire_request::child) return sent;
    own.actor.reset();
    if (own.helper) start_helper(std::move(own.helper));
    life_.prepare();
    return sent;
  }

  // Between an actor and the helper of its own.
  struct helper_socket {
    base::unique_fd actor, helper;
  };

  // A clone of this process in the service of an actor, and of the same family: the actor is no
  // ancestor of its. If it cannot be made, the actor hears of the end of its helper.
  void start_helper(base::unique_fd socket) {
    base::unique_fd pidfd;
    const auto pid = ipc::clone_process(0, pidfd, SIGCHLD);
    if (pid && *pid == 0) helper_main(std::move(socket), {}, life_, main_);
  }

  [[nodiscard]] wire_reply answer(const wire_request& request, const descriptor_list& fds,
                                  base::unique_fd& pidfd, ipc::lifeline& line, helper_socket& own) {
    switch (request.what) {
      case wire_request::credentials:
        return reply_of(change_credentials(request, fds));
      case wire_request::box:
        return enter_box(fds);
      case wire_request::child:
      case wire_request::program:
        break;
    }
    return spawn(request, fds, pidfd, line, own);
  }

  [[nodiscard]] wire_reply spawn(const wire_request& request, const descriptor_list& fds,
                                 base::unique_fd& pidfd, ipc::lifeline& line, helper_socket& own) {
    const auto failed = [](std::error_code error) { return reply_of(error.value()); };
    child_descriptors given;
    program_descriptors program;
    const bool is_program = request.what == wire_request::program;
    if (is_program ? !take_descriptors(request, fds, program)
                   : !take_descriptors(request, fds, given))
      return reply_of(EBADMSG);
    auto made = ipc::make_lifeline();
    if (!made) return failed(made.error());
    line = std::move(*made);
    if (!watch(line.helper.get())) return failed(base::last_error());
    if (request.with_helper) {
      int ends[2];
      if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
        return failed(base::last_error());
      own = {base::unique_fd{ends[0]}, base::unique_fd{ends[1]}};
    }
    base::unique_fd timer;
    if (request.wall_time != 0) {
      auto started = start_timer(request.wall_time);
      if (!started) return failed(started.error());
      timer = std::move(*started);
    }
    std::optional<sandbox::cgroup_leaf> cgroup;
    if (request.own_cgroup) {
      auto leaf = make_cgroup(request, fds.back().get());
      if (!leaf) return reply_of(leaf.error());
      cgroup.emplace(std::move(*leaf));
    }
    given.cgroup = program.cgroup = cgroup ? cgroup->joining() : -1;
    children_.emplace_back();  // now: once there is a child, nothing may fail
    const auto pid = ipc::clone_process(request.namespaces, pidfd, SIGCHLD);
    if (!pid) {
      children_.pop_back();
      return failed(pid.error());
    }
    if (*pid == 0) {
      given.helper = program.helper = self_.get();
      given.own_helper = own.actor.get();
      if (is_program) become_program(program, request.survives);
      become_actor(given, request.stdio, life_);
    }
    children_.back() = {*pid, std::move(line.helper), std::move(timer), request.survives,
                        std::move(cgroup)};
    return reply_of(0, *pid);
  }

  [[nodiscard]] sandbox::cgroup_result<sandbox::cgroup_leaf> make_cgroup(
      const wire_request& request, int memory) const {
    auto limits = open_limits(memory);
    if (!limits) return sandbox::cgroup_failure{"the limits", limits.error()};
    return sandbox::cgroup_leaf::make(
        {.limits = std::move(*limits), .family = main_, .survives = request.survives});
  }

  base::unique_fd socket_, signals_, events_, self_;
  actor_life& life_;
  pid_t main_;
  std::vector<child> children_;
  bool serving_ = true;
};

}  // namespace

void helper_main(base::unique_fd socket, const spawn_helper::start_memory& memory, actor_life& life,
                 pid_t main) {
  erase_start_memory(memory);
  // Descriptor 3 is ours; all above, whatever the program was started with, goes. A helper that
  // cannot see to that must not serve: spawn() then says ECHILD.
  if (socket.get() != 3) {
    if (::dup3(socket.get(), 3, O_CLOEXEC) == -1) ::_exit(1);
    socket.reset(3);
  }
  if (!base::close_from(4)) ::_exit(1);
  static_cast<void>(::prctl(PR_SET_NAME, "emilua-helper"));  // only for people who look
  helper self{std::move(socket), life, main};
  if (const char* call = self.prepare()) self.refuse(call);
  self.serve();
  ::_exit(0);
}

}  // namespace emilua::actor
