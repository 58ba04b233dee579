// Prints the seconds for one packet there and one back between two processes: what messages between
// actors cost at least.
//     seqpacket_ping_pong [descriptor]          every packet brings a descriptor along
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

constexpr std::size_t size = 11;  // of a number as a message
constexpr int round_trips = 20000;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

struct packet {
  std::array<char, size> bytes{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  iovec data{bytes.data(), bytes.size()};
  msghdr header{};

  packet() {
    header.msg_iov = &data;
    header.msg_iovlen = 1;
  }
};

void send(int socket, int descriptor) {
  packet p;
  if (descriptor != -1) {
    p.header.msg_control = p.control.data();
    p.header.msg_controllen = p.control.size();
    cmsghdr* c = CMSG_FIRSTHDR(&p.header);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(c), &descriptor, sizeof descriptor);
  }
  if (::sendmsg(socket, &p.header, MSG_NOSIGNAL) != ssize_t{size}) die("sendmsg");
}

// False at the end.
bool receive(int socket) {
  packet p;
  p.header.msg_control = p.control.data();
  p.header.msg_controllen = p.control.size();
  const ssize_t n = ::recvmsg(socket, &p.header, MSG_CMSG_CLOEXEC);
  if (n == -1) die("recvmsg");
  if (const cmsghdr* c = CMSG_FIRSTHDR(&p.header)) {
    int descriptor;
    std::memcpy(&descriptor, CMSG_DATA(c), sizeof descriptor);
    ::close(descriptor);
  }
  return n != 0;
}

double play(int socket, int descriptor) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < round_trips; ++i) {
    send(socket, descriptor);
    receive(socket);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return took.count() / round_trips;
}

}  // namespace

int main(int argc, char** argv) {
  const bool with_descriptor = argc > 1 && std::string_view{argv[1]} == "descriptor";
  const int descriptor = with_descriptor ? ::open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1) die("socketpair");
  const pid_t pid = ::fork();
  if (pid == -1) die("fork");
  if (pid == 0) {
    ::close(ends[0]);
    while (receive(ends[1])) send(ends[1], descriptor);
    return 0;
  }
  ::close(ends[1]);
  std::array<double, 5> times;
  for (double& time : times) time = play(ends[0], descriptor);
  std::ranges::sort(times);
  std::printf("%.9f\n", times[2]);
  ::close(ends[0]);
  ::waitpid(pid, nullptr, 0);
}
