#include "tests/attacks/sandbox_attack.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace emilua::attacks {
namespace {

[[noreturn]] void misuse(const char* what) {
  std::fprintf(stderr, "sandbox_attack: %s\n", what);
  std::exit(2);
}

const attack* find(std::string_view name) {
  for (const auto list : {call_attacks(), file_attacks(), network_attacks(), process_attacks(),
                          resource_attacks(), terminal_attacks()})
    for (const attack& each : list)
      if (each.name == name) return &each;
  return nullptr;
}

void say(const std::string& line) {
  if (::write(STDOUT_FILENO, line.data(), line.size()) == -1) std::exit(3);
}

int tell(const outcome& outcome) {
  if (outcome.call == nullptr) {
    say("done " + outcome.text + "\n");
    for (;;) ::pause();
  }
  const char* const name = ::strerrorname_np(outcome.error);
  say(std::string{"refused "} + outcome.call + " " +
      (name != nullptr ? std::string{name} : std::to_string(outcome.error)) + "\n");
  return 1;
}

}  // namespace

const char* arguments::text(std::size_t index) const {
  if (index >= values_.size()) misuse("an argument is missing");
  return values_[index];
}

long arguments::number(std::size_t index) const { return std::strtol(text(index), nullptr, 0); }

char* const* arguments::from(std::size_t index) const {
  static_cast<void>(text(index));
  return values_.data() + index;  // main()'s, which ends with a null
}

outcome contents_of(int fd) {
  std::string text(4096, '\0');
  const ssize_t n = ::read(fd, text.data(), text.size());
  if (n == -1) return refused("read");
  text.resize(static_cast<std::size_t>(n));
  for (char& c : text)
    if (c < ' ' || c > '~') c = '.';
  return done(text);
}

int received_descriptor() {
  char byte;
  iovec data{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  if (::recvmsg(STDIN_FILENO, &message, 0) == -1) return -1;
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) {
    errno = EBADMSG;
    return -1;
  }
  int fd;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return fd;
}

}  // namespace emilua::attacks

int main(int argc, char** argv) {
  using namespace emilua::attacks;
  if (argc < 2) misuse("which attack?");
  const attack* const attack = find(argv[1]);
  if (attack == nullptr) misuse("there is no such attack");
  return tell(attack->run(arguments{{argv + 2, static_cast<std::size_t>(argc - 2)}}));
}
