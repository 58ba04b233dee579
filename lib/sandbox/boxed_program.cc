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

class child {
 public:
  explicit child(const boxed_program_start& start) noexcept
      : start_(start), host_(start.host), cgroup_(start.cgroup), news_(start.news) {}

  [[noreturn]] void run() noexcept {
    base::reset_signal_dispositions();
    ipc::ready_first_process();
    place_descriptors();
    file_ = place_program();
    const auto start = [](void* self, std::optional<step_failure> failed) noexcept {
      static_cast<const child*>(self)->start_program(failed);
    };
    execute(start_.steps, {.cgroup = cgroup_, .news = news_}, {start, this});
  }

 private:
  // Not in process 1, if the box has one of its own.
  [[noreturn]] void start_program(std::optional<step_failure> failed) const noexcept {
    if (failed) fail(failed->index, failed->error);
    if (!tell_host(host_, {box_message::kind::ready, 0, 0})) leave();
    const bool by_descriptor = start_.exec_descriptor != no_descriptor;
    if (by_descriptor || *start_.path == '\0')
      ::syscall(SYS_execveat, file_, by_descriptor ? start_.empty_path : "", start_.arguments,
                start_.environment, AT_EMPTY_PATH);
    else
      ::syscall(SYS_execve, start_.path, start_.arguments, start_.environment);
    fail(start_.steps.size(), errno);
  }

  [[noreturn]] static void leave() noexcept {
    for (;;) ::syscall(SYS_exit_group, 125);
  }

  [[noreturn]] void fail(std::size_t step, int error) const noexcept {
    static_cast<void>(
        tell_host(host_, {box_message::kind::failed, static_cast<std::uint32_t>(step), error}));
    leave();
  }

  int check(int result) const noexcept {
    if (result == -1) fail(start_.steps.size(), errno);
    return result;
  }

  void place_descriptors() const noexcept {
    constexpr int numbers = std::tuple_size_v<decltype(start_.descriptors)>;
    int lifted[numbers];
    for (int i = 0; i < numbers; ++i) {
      const int given = start_.descriptors[static_cast<std::size_t>(i)];
      lifted[i] =
          given == no_descriptor ? no_descriptor : check(::fcntl(given, F_DUPFD_CLOEXEC, numbers));
    }
    if (start_.close_fds) {
      if (const auto marked = base::close_on_exec_from(3); !marked)
        fail(start_.steps.size(), marked.error().value());
    }
    for (int i = 0; i < numbers; ++i)
      if (lifted[i] != no_descriptor) check(::dup3(lifted[i], i, 0));
  }

  // To the number that the filter knows, which the limit of open files then puts out of reach.
  int place_program() noexcept {
    const int number = start_.exec_descriptor;
    if (number == no_descriptor || number == start_.program) return start_.program;
    rlimit limit{};
    check(::getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = limit.rlim_max;
    check(::setrlimit(RLIMIT_NOFILE, &limit));
    for (int* const fd : {&host_, &cgroup_, &news_})
      if (number == *fd) *fd = check(::fcntl(number, F_DUPFD_CLOEXEC, number + 1));
    return check(::dup3(start_.program, number, O_CLOEXEC));
  }

  const boxed_program_start& start_;
  int host_, cgroup_, news_;
  int file_ = no_descriptor;
};

}  // namespace

void become_boxed_program(const boxed_program_start& start) noexcept { child{start}.run(); }

}  // namespace emilua::sandbox
