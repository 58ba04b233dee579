#include "lib/ipc/all_threads.h"

#include <dirent.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/single_threaded.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>
#include <memory>
#include <mutex>
#include <vector>

namespace emilua::ipc {
namespace {

struct system_call {
  long number;
  long arguments[6];

  [[nodiscard]] long run() const noexcept {
    const long* a = arguments;
    return ::syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  }
};

// What the handler repeats. Written under the lock, before the signal is sent.
system_call current;
int failure;  // errno of a thread that could not, or 0
sem_t repeated;

void repeat(int /*signal*/, siginfo_t* info, void* /*context*/) {
  if (info->si_code != SI_TKILL || info->si_pid != ::getpid()) return;  // not from us
  const int before = errno;
  if (current.run() == -1) failure = errno;
  errno = before;
  ::sem_post(&repeated);
}

[[noreturn]] void end_process(const char* why) noexcept {
  ::dprintf(2, "emilua: a thread kept the credentials that others gave up: %s\n", why);
  ::_exit(1);
}

using directory = std::unique_ptr<DIR, decltype([](DIR* d) { ::closedir(d); })>;

directory open_threads() { return directory{::opendir("/proc/self/task")}; }

// Of held_thread_list.
directory held;

std::vector<pid_t> list_threads(DIR* tasks) {
  std::vector<pid_t> threads;
  ::rewinddir(tasks);
  while (const dirent* entry = ::readdir(tasks)) {
    const char* const end = entry->d_name + std::strlen(entry->d_name);
    pid_t thread;
    if (std::from_chars(entry->d_name, end, thread).ptr == end) threads.push_back(thread);
  }
  return threads;
}

// False if the thread has gone.
bool signal_thread(pid_t thread, int signal) noexcept {
  return ::syscall(SYS_tgkill, ::getpid(), thread, signal) == 0;
}

void repeat_on(pid_t thread) {
  if (!signal_thread(thread, SIGRTMAX)) return;
  for (;;) {
    // A thread may end without having taken the signal: look after it now and then.
    timespec later;
    ::clock_gettime(CLOCK_REALTIME, &later);
    later.tv_nsec += 10'000'000;
    later.tv_sec += later.tv_nsec / 1'000'000'000;
    later.tv_nsec %= 1'000'000'000;
    if (::sem_timedwait(&repeated, &later) == 0) break;
    if (errno == ETIMEDOUT && !signal_thread(thread, 0)) {
      static_cast<void>(::sem_trywait(&repeated));  // or it has, and ended then
      break;
    }
  }
  if (failure != 0) end_process(std::strerror(failure));
}

void repeat_on_others(DIR* tasks) {
  std::vector<pid_t> done{static_cast<pid_t>(::syscall(SYS_gettid))};
  // A thread that was not done yet may have started another: until a look finds nothing new.
  for (bool found = true; found;) {
    found = false;
    for (const pid_t thread : list_threads(tasks)) {
      if (std::ranges::find(done, thread) != done.end()) continue;
      found = true;
      repeat_on(thread);
      done.push_back(thread);
    }
  }
}

}  // namespace

held_thread_list::held_thread_list() { held = open_threads(); }
held_thread_list::~held_thread_list() { held.reset(); }

long syscall_on_all_threads(long number, long a1, long a2, long a3, long a4, long a5,
                            long a6) noexcept {
  static std::mutex mutex;
  const std::scoped_lock lock{mutex};
  const system_call call{number, {a1, a2, a3, a4, a5, a6}};
  // The C library's flag: true until a second thread starts.
  if (__libc_single_threaded) return call.run();
  const directory opened = held ? nullptr : open_threads();
  DIR* const tasks = held ? held.get() : opened.get();
  if (tasks == nullptr) {
    errno = ENOTSUP;
    return -1;
  }
  current = call;
  failure = 0;
  if (::sem_init(&repeated, 0, 0) == -1) return -1;
  struct sigaction ours {
  }, before{};
  ours.sa_sigaction = repeat;
  ours.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  ::sigfillset(&ours.sa_mask);
  if (::sigaction(SIGRTMAX, &ours, &before) == -1) return -1;
  const long result = call.run();
  const int error = errno;
  if (result != -1) {
    try {
      repeat_on_others(tasks);
    } catch (const std::exception& e) {  // no memory for the list
      end_process(e.what());
    }
  }
  ::sigaction(SIGRTMAX, &before, nullptr);
  errno = error;
  return result;
}

}  // namespace emilua::ipc
