#include "lib/sandbox/boxed_program.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "lib/base/file.h"
#include "lib/base/signals.h"
#include "lib/ipc/first_process.h"
#include "lib/sandbox/execute.h"

namespace emilua::sandbox {
namespace {

class starter {
 public:
  explicit starter(const boxed_program_start& start) noexcept
      : start_(start), host_(start.host), cgroup_(start.cgroup), news_(start.news) {}

  // In a child, which tells its host how it went.
  [[noreturn]] void run() noexcept {
    base::reset_signal_dispositions();
    ipc::ready_first_process();
    if (const int error = place_all(); error != 0) fail({no_step, error});
    const auto start = [](void* self, std::optional<step_failure> failed) noexcept {
      static_cast<const starter*>(self)->start_program(failed);
    };
    execute(start_.steps, {.cgroup = cgroup_, .host = host_, .sources = sources(), .news = news_},
            {start, this});
  }

  // In this process: what has failed.
  step_failure replace() noexcept {
    base::reset_signal_dispositions();
    base::unblock_all_signals();
    if (const int error = place_all(); error != 0) return {no_step, error};
    if (const auto failed = execute(start_.steps)) return *failed;
    return become_program();
  }

 private:
  static constexpr int numbers = std::tuple_size_v<decltype(boxed_program_start::descriptors)>;

  // Not in process 1, if the box has one of its own.
  [[noreturn]] void start_program(std::optional<step_failure> failed) const noexcept {
    if (failed) fail(*failed);
    if (!tell(host_, {box_message::kind::ready, 0, 0})) leave();
    fail(become_program());
  }

  [[nodiscard]] step_failure become_program() const noexcept {
    const bool by_descriptor = start_.exec_descriptor != no_descriptor;
    if (by_descriptor || *start_.path == '\0')
      ::syscall(SYS_execveat, file_, by_descriptor ? start_.empty_path : "", start_.arguments,
                start_.environment, AT_EMPTY_PATH);
    else
      ::syscall(SYS_execve, start_.path, start_.arguments, start_.environment);
    return beyond(errno);
  }

  [[noreturn]] static void leave() noexcept {
    for (;;) ::syscall(SYS_exit_group, 125);
  }

  [[noreturn]] void fail(const step_failure& failure) const noexcept {
    static_cast<void>(tell(host_, {box_message::kind::failed, failure.index, failure.error}));
    leave();
  }

  [[nodiscard]] step_failure beyond(int error) const noexcept {
    return {static_cast<std::uint32_t>(start_.steps.size()), error};
  }

  [[nodiscard]] std::span<int> sources() noexcept {
    return std::span{sources_}.first(start_.sources.size());
  }

  // These return 0, or errno.
  [[nodiscard]] int place_all() noexcept {
    for (const auto place :
         {&starter::lift_sources, &starter::place_descriptors, &starter::place_program})
      if (const int error = (this->*place)(); error != 0) return error;
    return 0;
  }

  // Out of the way, to a number that nothing else is to have.
  [[nodiscard]] static int lift(int fd, int lowest) noexcept {
    const int lifted = ::fcntl(fd, F_DUPFD_CLOEXEC, lowest);
    // No such number is within the limit.
    if (lifted == -1 && errno == EINVAL) errno = EMFILE;
    return lifted;
  }

  // To numbers that the program is given nothing under, and from where they come.
  [[nodiscard]] int lift_sources() noexcept {
    if (start_.sources.size() > max_sources) return E2BIG;
    for (std::size_t i = 0; i < start_.sources.size(); ++i) {
      sources_[i] = lift(start_.sources[i], numbers);
      if (sources_[i] == -1) return errno;
    }
    for (const int fd : start_.sources)
      if (fd > 2) ::close(fd);
    return 0;
  }

  [[nodiscard]] int place_descriptors() noexcept {
    int lifted[numbers];
    for (int i = 0; i < numbers; ++i) {
      const int given = start_.descriptors[static_cast<std::size_t>(i)];
      // What is in its place stays there: numbers may be few.
      lifted[i] = given == no_descriptor || given == i ? given : lift(given, numbers);
      if (given != no_descriptor && lifted[i] == -1) return errno;
    }
    if (start_.close_fds) {
      if (const auto marked = base::close_on_exec_from(3); !marked) return marked.error().value();
    }
    for (int i = 0; i < numbers; ++i) {
      if (lifted[i] == no_descriptor) continue;
      if ((lifted[i] == i ? ::fcntl(i, F_SETFD, 0) : ::dup3(lifted[i], i, 0)) == -1) return errno;
    }
    return 0;
  }

  // To the number that the filter knows, which the limit of open files then puts out of reach.
  [[nodiscard]] int place_program() noexcept {
    const int number = start_.exec_descriptor;
    file_ = start_.program;
    if (number == no_descriptor || number == start_.program) return 0;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == -1) return errno;
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &limit) == -1) return errno;
    for (int* const fd : {&host_, &cgroup_, &news_}) {
      if (number != *fd) continue;
      *fd = lift(number, 3);
      if (*fd == -1) return errno;
    }
    for (int& fd : sources()) {
      if (number != fd) continue;
      fd = lift(number, 3);
      if (fd == -1) return errno;
    }
    file_ = ::dup3(start_.program, number, O_CLOEXEC);
    return file_ == -1 ? errno : 0;
  }

  const boxed_program_start& start_;
  int host_, cgroup_, news_;
  int sources_[max_sources];
  int file_ = no_descriptor;
};

}  // namespace

void become_boxed_program(const boxed_program_start& start) noexcept { starter{start}.run(); }

step_failure replace_by_boxed_program(const boxed_program_start& start) noexcept {
  return starter{start}.replace();
}

}  // namespace emilua::sandbox
