// More of everything than there should be: each asks for a number of things and ends with "done" if
// it gets them all.
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

#include "tests/attacks/sandbox_attack.h"

namespace emilua::attacks {
namespace {

outcome fork_many(const arguments& a) {
  std::vector<pid_t> children;
  outcome result = done();
  for (long i = a.number(0); i > 0; --i) {
    const pid_t pid = ::fork();
    if (pid == -1) {
      result = refused("fork");
      break;
    }
    if (pid == 0)
      for (;;) ::pause();
    children.push_back(pid);
  }
  for (const pid_t pid : children) ::kill(pid, SIGKILL);
  return result;
}

outcome start_threads(const arguments& a) {
  for (long i = a.number(0); i > 0; --i) {
    pthread_t thread;
    errno = ::pthread_create(
        &thread, nullptr,
        [](void*) -> void* {
          for (;;) ::pause();
        },
        nullptr);
    if (errno != 0) return refused("pthread_create");
  }
  return done();
}

outcome take_memory(const arguments& a) {
  constexpr std::size_t mebibyte = std::size_t{1} << 20;
  for (long i = a.number(0); i > 0; --i)
    if (::mmap(nullptr, mebibyte, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0) == MAP_FAILED)
      return refused("mmap");
  return done();
}

// Takes the memory, and answers whoever asks.
[[noreturn]] void hold_memory(std::size_t size, int socket) {
  if (::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1,
             0) == MAP_FAILED)
    ::_exit(1);
  for (char question = 0; ::read(socket, &question, 1) == 1;)
    if (::write(socket, "x", 1) != 1) break;
  ::_exit(0);
}

// How many processes, and how many mebibytes for each.
outcome take_memory_together(const arguments& a) {
  const auto size = static_cast<std::size_t>(a.number(1)) << 20;
  std::vector<int> sockets;
  for (long i = a.number(0); i > 0; --i) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == -1) return refused("socketpair");
    const pid_t pid = ::fork();
    if (pid == -1) return refused("fork");
    if (pid == 0) {
      ::close(ends[0]);
      hold_memory(size, ends[1]);
    }
    ::close(ends[1]);
    sockets.push_back(ends[0]);
    // One after the other; and once more all, as one may be killed for the memory of another.
    for (const int socket : i == 1 ? sockets : std::vector<int>{ends[0]}) {
      char answer = 0;
      if (::send(socket, "?", 1, MSG_NOSIGNAL) == 1 && ::read(socket, &answer, 1) == 1) continue;
      errno = ENOMEM;
      return refused("mmap");
    }
  }
  return done();
}

outcome open_descriptors(const arguments& a) {
  for (long i = a.number(0); i > 0; --i)
    if (::dup(STDOUT_FILENO) == -1) return refused("dup");
  return done();
}

outcome make_pipes(const arguments& a) {
  for (long i = a.number(0); i > 0; --i) {
    int ends[2];
    if (::pipe(ends) == -1) return refused("pipe");
  }
  return done();
}

// A directory and how many mebibytes.
outcome fill(const arguments& a) {
  const int fd = ::open((std::string{a.text(0)} + "/filling").c_str(), O_WRONLY | O_CREAT, 0600);
  if (fd == -1) return refused("open");
  const std::vector<char> block(std::size_t{1} << 20, 'x');
  for (long i = a.number(1); i > 0; --i)
    if (::write(fd, block.data(), block.size()) != static_cast<ssize_t>(block.size()))
      return refused("write");
  return done();
}

outcome make_files(const arguments& a) {
  for (long i = a.number(1); i > 0; --i) {
    const int fd = ::open((std::string{a.text(0)} + "/" + std::to_string(i)).c_str(),
                          O_WRONLY | O_CREAT, 0600);
    if (fd == -1) return refused("open");
    ::close(fd);
  }
  return done();
}

[[noreturn]] outcome spin(const arguments&) {
  for (volatile unsigned long n = 0;;) n = n + 1;
}

[[noreturn]] outcome wait_for_ever(const arguments&) {
  for (;;) ::pause();
}

[[noreturn]] outcome flood(const arguments&) {
  const std::string text(65536, 'x');
  while (::write(STDOUT_FILENO, text.data(), text.size()) > 0) continue;
  ::_exit(0);
}

constexpr attack attacks[] = {
    {"fork_many", fork_many},
    {"start_threads", start_threads},
    {"take_memory", take_memory},
    {"take_memory_together", take_memory_together},
    {"open_descriptors", open_descriptors},
    {"make_pipes", make_pipes},
    {"fill", fill},
    {"make_files", make_files},
    {"spin", spin},
    {"wait_for_ever", wait_for_ever},
    {"flood", flood},
};

}  // namespace

std::span<const attack> resource_attacks() { return attacks; }

}  // namespace emilua::attacks
