#include "tools/confine/run.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <span>

#include "lib/ipc/first_process.h"
#include "lib/ipc/process.h"
#include "lib/sandbox/hidden_empty_string.h"
#include "lib/sandbox/id_map.h"
#include "lib/sandbox/launch.h"
#include "lib/sandbox/plan.h"
#include "lib/sandbox/program_file.h"
#include "lib/sandbox/step_failure_text.h"
#include "lib/sandbox/support.h"
#include "tools/command_line/start.h"
#include "tools/confine/status.h"
#include "tools/confine/terminal.h"

namespace emilua::confine {
namespace {

enum exit_code : int { timed_out = 124, refused = 125, not_executable = 126, not_found = 127 };

// What ends the attempt before anything has run.
struct refusal {
  int status;
  std::string clause, what;
};

void say(const std::string& text) { tools::complain("confine", text); }

sandbox::mappable_ids ids_for(const sandbox::policy& policy) {
  if (policy.user.map.kind == sandbox::id_map_kind::self) return {};
  return sandbox::find_mappable_ids(::geteuid());
}

sandbox::plan_context context_of(const options& options, const sandbox::program_file& program,
                                 const sandbox::hidden_empty_string& empty_path) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  return {.who = sandbox::subject::program,
          .uid = ::geteuid(),
          .gid = ::getegid(),
          .descriptor_limit = files.rlim_max,
          .program = program.fd.get(),
          .terminal = options.pty,
          .empty_path = empty_path.address(),
          .ids = ids_for(options.policy)};
}

// Of a program that cannot be opened.
int status_of(std::error_code error) {
  if (error == std::errc::no_such_file_or_directory) return not_found;
  // It is us who lack something.
  for (const std::errc ours :
       {std::errc::too_many_files_open, std::errc::too_many_files_open_in_system,
        std::errc::not_enough_memory})
    if (error == ours) return exit_code::refused;
  return not_executable;
}

class runner {
 public:
  runner(const options& options, const sandbox::program_file& program,
         const sandbox::hidden_empty_string& empty_path, char** argv, char** envp)
      : options_(options),
        program_(program),
        empty_path_(empty_path),
        argv_(argv),
        envp_(envp),
        status_(options.status_fd) {}

  boost::system::result<sandbox::plan, refusal> plan(const sandbox::support& support) const {
    auto made =
        sandbox::make_plan(options_.policy, support, context_of(options_, program_, empty_path_));
    if (made) return std::move(*made);
    const auto& [where, what] = made.error();
    return refusal{exit_code::refused, where, where + ": " + what};
  }

  int run() {
    if (const auto opened = open_terminal(); !opened)
      return refuse({exit_code::refused, "terminal", "--pty: " + opened.error().message()});
    if (const auto opened = open_news(); !opened)
      return refuse({exit_code::refused, "", "pipe: " + opened.error().message()});
    block_signals();
    planned_ = plan(sandbox::all_supported());
    // A fault of the policy; or a kernel that lacks what it takes to make a plan.
    if (!planned_) planned_ = plan(sandbox::probe());
    if (!planned_) return refuse(planned_.error());
    auto started = sandbox::launch(*planned_, request());
    if (!started && may_lack_support(started.error())) {
      // Now it is worth the time to see what this kernel does have.
      planned_ = plan(sandbox::probe());
      if (!planned_) return refuse(planned_.error());
      started = sandbox::launch(*planned_, request());
    }
    if (!started) return refuse(refusal_of(started.error(), *planned_));
    if (options_.report) std::fprintf(stderr, "%s\n", sandbox::report_json(*planned_).c_str());
    status_.started(started->pid);
    news_told_.reset();
    if (terminal_) {
      if (const auto relayed = terminal_->start(); !relayed)
        say("--pty: " + relayed.error().message());
    }
    const int status = wait(*started, planned_->wall_time);
    terminal_.reset();
    return status;
  }

 private:
  base::result<> open_terminal() {
    if (!options_.pty) return {};
    auto made = terminal::make();
    if (!made) return made.error();
    terminal_.emplace(std::move(*made));
    return {};
  }

  base::result<> open_news() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) == -1) return base::last_error();
    news_.reset(ends[0]);
    news_told_.reset(ends[1]);
    return {};
  }

  [[nodiscard]] sandbox::program_launch request() const {
    sandbox::program_launch out{.program = program_.fd.get(),
                                .empty_path = empty_path_.c_str(),
                                .path = program_.path,
                                .arguments = options_.program,
                                .environment = {},
                                .start_arguments = argv_,
                                .start_environment = envp_};
    out.news = news_told_.get();
    if (terminal_) std::fill_n(out.descriptors.begin(), 3, terminal_->slave());
    for (const auto& [name, value] : options_.policy.env)
      out.environment.push_back(name + "=" + value);
    return out;
  }

  static bool may_lack_support(const sandbox::launch_failure& failure) {
    using stage = sandbox::launch_failure::stage;
    return failure.where == stage::clone || failure.where == stage::step ||
           failure.where == stage::cgroup;
  }

  [[nodiscard]] refusal refusal_of(const sandbox::launch_failure& failure,
                                   const sandbox::plan& plan) const {
    using stage = sandbox::launch_failure::stage;
    const std::string reason = failure.code.message();
    switch (failure.where) {
      case stage::cgroup:
        return {exit_code::refused, "limits.cgroup",
                "limits.cgroup: " + failure.what + ": " + reason};
      case stage::clone:
        return {exit_code::refused, "namespaces", "namespaces: clone: " + reason};
      case stage::step: {
        const sandbox::step& s = plan.steps[failure.index];
        return {exit_code::refused, s.clause,
                s.clause + ": " + sandbox::describe_failure(s, failure.code)};
      }
      case stage::maps:
        return {exit_code::refused, "user.map", "user.map: " + failure.what};
      case stage::host:
        return {exit_code::refused, "", failure.what + ": " + reason};
      case stage::program:
        break;
    }
    std::string what = options_.program[0] + ": " + reason;
    const bool by_descriptor = plan.exec_descriptor != -1;
    if (const auto why = sandbox::why_not_executable(program_.fd.get(), by_descriptor);
        !why.empty())
      what += ": " + why + "; --profile=reader grants what most programs need";
    return {failure.code == std::errc::no_such_file_or_directory && plan.exec_descriptor == -1
                ? not_found
                : not_executable,
            "program", std::move(what)};
  }

  [[nodiscard]] int refuse(const refusal& refusal) const {
    say(refusal.what);
    status_.refused(refusal.clause, refusal.what);
    return refusal.status;
  }

  void block_signals() {
    ::sigemptyset(&signals_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH})
      ::sigaddset(&signals_, signal);
    if (terminal_) ::sigaddset(&signals_, SIGTSTP);
    ::sigprocmask(SIG_BLOCK, &signals_, nullptr);
    // Of whoever ignores it the kernel keeps no statuses of children.
    static_cast<void>(std::signal(SIGCHLD, SIG_DFL));
  }

  // Passes signals on until it ends, and what is typed and written.
  int wait(const sandbox::boxed_program& program, std::optional<double> wall_time) {
    using clock = std::chrono::steady_clock;
    const auto end = clock::now() + std::chrono::duration_cast<clock::duration>(
                                        std::chrono::duration<double>(wall_time.value_or(0)));
    const base::unique_fd signals{::signalfd(-1, &signals_, SFD_CLOEXEC | SFD_NONBLOCK)};
    bool late = false;
    std::optional<int> status;
    for (;;) {
      int patience = -1;
      if (wall_time && !late) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - clock::now());
        patience = static_cast<int>(std::clamp<long long>(left.count(), 0, 1 << 30));
      }
      pollfd events[3 + terminal::watched] = {{program.pidfd.get(), POLLIN, 0},
                                              {signals.get(), POLLIN, 0},
                                              {news_.get(), POLLIN, 0},
                                              {-1, 0, 0},
                                              {-1, 0, 0},
                                              {-1, 0, 0}};
      const auto streams = std::span{events}.last<terminal::watched>();
      if (terminal_) terminal_->watch(streams);
      if (terminal_ && terminal_->is_unused())
        patience = patience == -1 ? terminal::unused_for : std::min(patience, terminal::unused_for);
      const int n = base::retry([&] { return ::poll(events, std::size(events), patience); });
      if (n == 0 && clock::now() >= end) {
        late = true;
        static_cast<void>(ipc::send_signal(program.pidfd.get(), SIGKILL));
      }
      if (events[1].revents != 0) pass_on(signals.get(), program.pidfd.get());
      if (terminal_) terminal_->handle(streams);
      if (events[2].revents != 0) status = hear(program.pidfd.get());
      if (status || events[0].revents != 0) break;
    }
    if (terminal_) terminal_->drain();
    // The rest of its end is left to the kernel, and process 1 to whoever inherits it.
    if (status && !late) {
      status_.exited(*status, 0, false);
      return *status;
    }
    const auto ended = ipc::reap(program.pidfd.get());
    if (!ended) {
      say("wait: " + ended.error().message());
      return exit_code::refused;
    }
    status_.exited(ended->code, ended->signal, late);
    if (!late) return ended->code;
    say(options_.program[0] + ": took longer than limits.wall_time");
    return timed_out;
  }

  // What process 1 has to say; the program's status if it has ended, and all others with it.
  std::optional<int> hear(int pidfd) {
    ipc::worker_news news{};
    const ssize_t n = base::retry([&] { return ::read(news_.get(), &news, sizeof news); });
    if (n != sizeof news) {
      news_.reset();
      return std::nullopt;
    }
    if (news.what == ipc::worker_news::kind::ended) return news.status;
    // ^Z: our own shell is to see us stopped, too.
    if (terminal_) {
      terminal_->suspend();
      static_cast<void>(ipc::send_signal(pidfd, SIGCONT));
    }
    return std::nullopt;
  }

  void pass_on(int signals, int pidfd) {
    signalfd_siginfo info;
    while (::read(signals, &info, sizeof info) == sizeof info) {
      // The terminal has sent it to the program, too, if that is in our session.
      if (info.ssi_code == SI_KERNEL && !options_.policy.new_session && !terminal_) continue;
      if (terminal_ && info.ssi_signo == SIGWINCH) {
        terminal_->resize();
        continue;
      }
      if (terminal_ && info.ssi_signo == SIGTSTP) {
        terminal_->suspend();
        continue;
      }
      static_cast<void>(ipc::send_signal(pidfd, static_cast<int>(info.ssi_signo)));
    }
  }

  const options& options_;
  const sandbox::program_file& program_;
  const sandbox::hidden_empty_string& empty_path_;
  char** argv_;
  char** envp_;
  status_writer status_;
  boost::system::result<sandbox::plan, refusal> planned_ = refusal{};
  sigset_t signals_{};
  std::optional<terminal> terminal_;
  base::unique_fd news_, news_told_;
};

}  // namespace

int run(const options& options, char** argv, char** envp) {
  const char* const path = std::getenv("PATH");
  auto program = sandbox::find_program(sandbox::search_path(
      options.program[0], path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin"));
  if (!program) {
    const std::string what = options.program[0] + ": " + program.error().message();
    say(what);
    status_writer{options.status_fd}.refused("program", what);
    return status_of(program.error());
  }
  const auto empty_path = sandbox::hidden_empty_string::make();
  if (!empty_path) {
    say("memory: " + empty_path.error().message());
    return exit_code::refused;
  }
  runner runner{options, *program, *empty_path, argv, envp};
  // Memory is all that is left then. Process 1 may have it, too: taking it apart would copy it.
  if (!options.explain) ::_exit(runner.run());
  const auto planned = runner.plan(sandbox::probe());
  if (!planned) {
    say(planned.error().what);
    return planned.error().status;
  }
  const std::string text =
      options.json ? sandbox::explain_json(*planned) + "\n" : sandbox::explain(*planned);
  return tools::print("confine", text) == 0 ? 0 : exit_code::refused;
}

}  // namespace emilua::confine
