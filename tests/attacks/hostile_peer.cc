// A peer that means harm: what an actor's process may do with the sockets it holds, by system calls
// alone, so that nothing of the engine's own care stands between it and the other side.
//
//   hostile_peer descriptors                 says which of the descriptors 3 to 1023 are open
//   hostile_peer ATTACK INBOX SEED           attacks through the address in its first message
//
// The first message holds the inbox's address alone, or a list of them; INBOX is the descriptor of
// the reading end. Who says "more" to the first address of a list gets another list. It ends when
// the inbox does: the attack has been answered by then, or not.
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace {

using bytes = std::string;

constexpr std::size_t most_descriptors = 253;

bytes u32(std::uint32_t n) {
  bytes out;
  for (int i = 0; i < 4; ++i) out += static_cast<char>(n >> (8 * i));
  return out;
}

// The parts of the wire format; see lib/ipc/codec.h and message.h.
const bytes head{"\x00\x01", 2};  // the message follows; version 1
const bytes descriptor_tag{"\x20"};
const bytes address_tag{"\x21"};
bytes text(const bytes& s) { return "\x10" + u32(static_cast<std::uint32_t>(s.size())) + s; }
bytes table(std::uint32_t values, std::uint32_t pairs) { return "\x11" + u32(values) + u32(pairs); }
bytes times(std::size_t n, const bytes& s) {
  bytes out;
  while (n-- != 0) out += s;
  return out;
}

bool send_once(int socket, const bytes& packet, const std::vector<int>& fds) {
  iovec data{const_cast<char*>(packet.data()), packet.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(most_descriptors * sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
    cmsghdr* c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    std::memcpy(CMSG_DATA(c), fds.data(), fds.size() * sizeof(int));
  }
  return ::sendmsg(socket, &message, MSG_NOSIGNAL) != -1;
}

// False when the other side has had enough of us.
bool send(int socket, const bytes& packet, const std::vector<int>& fds = {}) {
  bool sent;
  // What all of a user's processes have under way counts against the sender's own limit.
  while (!(sent = send_once(socket, packet, fds)) && errno == ETOOMANYREFS) ::sched_yield();
  return sent;
}

std::vector<int> receive_addresses(int inbox) {
  char room[65536];
  iovec data{room, sizeof room};
  alignas(cmsghdr) char control[CMSG_SPACE(most_descriptors * sizeof(int))];
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  if (::recvmsg(inbox, &message, MSG_CMSG_CLOEXEC) <= 0) std::exit(3);
  std::vector<int> found;
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
    for (std::size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
      found.push_back(fd);
    }
  }
  return found;
}

int memory(const bytes& content, off_t size, int seals) {
  const int fd = ::memfd_create("hostile", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (::ftruncate(fd, size) == -1 ||
      ::pwrite(fd, content.data(), content.size(), 0) != static_cast<ssize_t>(content.size()))
    std::exit(4);
  if (seals != 0 && ::fcntl(fd, F_ADD_SEALS, seals) == -1) std::exit(4);
  return fd;
}

constexpr int all_seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
const bytes in_memory{"\x01"};

std::vector<int> null_devices(std::size_t n) {
  return std::vector<int>(n, ::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

int sealed(const bytes& content) {
  return memory(content, static_cast<off_t>(content.size()), all_seals);
}

// A value by the rules, without descriptors.
bytes random_value(std::mt19937& random, int depth) {
  bytes number = "\x02" + u32(static_cast<std::uint32_t>(random())) + u32(0x40000000);
  switch (random() % (depth > 0 ? 6 : 3)) {
    case 0:
      return bytes(1, static_cast<char>(random() % 2));
    case 1:
      return number;
    case 2:
      return text(bytes(random() % 4, 'x'));
    default: {
      const auto values = static_cast<std::uint32_t>(random() % 4);
      const auto pairs = static_cast<std::uint32_t>(random() % 4);
      bytes out = table(values, pairs);
      for (std::uint32_t i = 0; i < values; ++i) out += random_value(random, depth - 1);
      for (std::uint32_t i = 0; i < pairs; ++i)
        out += text(std::to_string(i)) + random_value(random, depth - 1);
      return out;
    }
  }
}

// A message by the rules, of which more often than not one byte is another, missing or too many.
bytes nearly_valid_packet(std::mt19937& random) {
  bytes packet = head + random_value(random, 4);
  switch (random() % 4) {
    case 0:
      packet[random() % packet.size()] = static_cast<char>(random());
      break;
    case 1:
      packet.resize(random() % packet.size());
      break;
    case 2:
      packet.insert(random() % packet.size(), 1, static_cast<char>(random()));
      break;
    default:
      break;
  }
  return packet;
}

// Random bytes behind a beginning that is right more often than not.
bytes random_packet(std::mt19937& random) {
  if (random() % 2 != 0) return nearly_valid_packet(random);
  static const bytes tags{"\x00\x01\x02\x10\x11\x20\x21", 7};
  bytes packet;
  if (random() % 8 != 0) packet = head;
  if (random() % 8 == 0) packet = in_memory;
  const std::size_t size = random() % 64;
  while (packet.size() < size + 1) {
    switch (random() % 4) {
      case 0:
        packet += static_cast<char>(random());
        break;
      case 1:
        packet += tags[random() % tags.size()];
        break;
      case 2:
        packet += u32(random() % 4);
        break;
      default:
        packet += text(bytes(random() % 4, 'x'));
    }
  }
  return packet;
}

// A few random packets for each address that is still open; returns how many have left. No more:
// what lies behind a packet that is refused is not read.
std::size_t send_random(std::vector<int> addresses, std::mt19937& random) {
  static const auto nothing = null_devices(1);
  std::size_t sent = 0;
  for (int i = 0; i < 4; ++i) {
    std::erase_if(addresses, [&](int address) {
      const bool with_descriptor = random() % 8 == 0;
      return !send(address, random_packet(random), with_descriptor ? nothing : std::vector<int>{});
    });
    sent += addresses.size();
  }
  return sent;
}

// A million of them, through ever new addresses.
bool send_a_million(int inbox, std::vector<int> addresses, std::mt19937& random) {
  const int first = addresses.at(0);
  addresses.erase(addresses.begin());
  for (std::size_t sent = 0;;) {
    sent += send_random(addresses, random);
    for (const int address : addresses) ::close(address);
    if (sent >= 1000000) return ::shutdown(first, SHUT_WR) == 0;
    if (!send(first, head + text("more"))) return false;
    addresses = receive_addresses(inbox);
    ::close(addresses.at(0));
    addresses.erase(addresses.begin());
  }
}

// A socket in whose queue there is a socket in whose queue …, as deep as the kernel permits. All of
// them are under way: see main() for why there are not more.
int nested_sockets(int depth) {
  int inner = null_devices(1).at(0);
  for (; depth > 0; --depth) {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == -1) std::exit(4);
    const bool nested = send_once(pair[0], head + descriptor_tag, {inner});
    ::close(pair[0]);
    if (!nested) {
      ::close(pair[1]);
      break;
    }
    ::close(inner);
    inner = pair[1];
  }
  return inner;
}

// One way to part with a socket.
bool shut(int socket, unsigned how) {
  constexpr int ways[] = {SHUT_WR, SHUT_RDWR, SHUT_RD};
  return how < std::size(ways) ? ::shutdown(socket, ways[how]) == 0 : ::close(socket) == 0;
}

// Parts with an address. Where that does not end it, as it was never read from, the rest follows.
bool part(int address, unsigned how) {
  if (!shut(address, how)) return false;
  return how != 2 || (send(address, head + text("after")) && ::shutdown(address, SHUT_WR) == 0);
}

int attack(const bytes& what, const std::vector<int>& addresses, unsigned seed, int inbox) {
  const int to = addresses.at(0);
  const auto packet = [&](const bytes& value, const std::vector<int>& fds = {}) {
    return send(to, head + value, fds);
  };
  const auto half_close = [&] { return ::shutdown(to, SHUT_WR) == 0; };
  if (what == "empty_packet") {
    send(to, "");
    // Behind it, what must not be read any more.
    return packet(text("after"));
  }
  if (what == "empty_packet_with_descriptor") return send(to, "", null_devices(1));
  if (what == "kind_only") return send(to, bytes(1, '\0'));
  if (what == "unknown_kind") return send(to, bytes("\x02\x01\x01", 3));
  if (what == "no_value") return send(to, head);
  if (what == "unknown_version") return send(to, bytes("\x00\x02\x01", 3));
  if (what == "unknown_tag") return packet("\x7f");
  if (what == "unknown_tag_in_table") return packet(table(2, 0) + "\x01\x7f");
  if (what == "trailing_bytes") return packet("\x01\x01");
  if (what == "two_values") return packet(text("one") + text("two"));
  if (what == "truncated_number") return packet(bytes("\x02\0\0\0", 4));
  if (what == "truncated_string") return packet("\x10" + u32(100) + "short");
  if (what == "string_length_overflow") return packet("\x10" + u32(0xffffffff) + "short");
  if (what == "truncated_length") return packet(bytes("\x10\0\0", 3));
  if (what == "truncated_table") return packet(table(3, 0) + "\x01\x01");
  if (what == "huge_list") return packet(table(0xffffffff, 0) + "\x01");
  if (what == "huge_dictionary") return packet(table(0, 0xffffffff) + text("k") + "\x01");
  if (what == "huge_both") return packet(table(0xffffffff, 0xffffffff));
  if (what == "count_overflow") return packet(table(0xfffffffe, 0x2aaaaaab) + times(64, "\x01"));
  if (what == "number_as_key") return packet(table(0, 1) + bytes("\x02\0\0\0\0\0\0\0\0\x01", 10));
  if (what == "table_as_key") return packet(table(0, 1) + table(0, 0) + "\x01");
  if (what == "key_without_value") return packet(table(0, 1) + text("k"));
  if (what == "too_deep") return packet(times(101, table(1, 0)) + "\x01");
  if (what == "much_too_deep") return packet(times(3600, table(1, 0)) + "\x01");
  if (what == "deep_in_memory")
    return send(to, in_memory, {sealed(bytes("\x01") + times(1 << 20, table(1, 0)) + "\x01")});
  if (what == "longest_packet_and_more") return send(to, bytes(100000, '\0'));
  if (what == "descriptor_without") return packet(descriptor_tag);
  if (what == "address_without") return packet(address_tag);
  if (what == "descriptor_short_by_one")
    return packet(table(3, 0) + times(3, descriptor_tag), null_devices(2));
  if (what == "descriptors_superfluous") return packet("\x01", null_devices(3));
  if (what == "descriptors_superfluous_253") return packet("\x01", null_devices(253));
  if (what == "descriptors_with_nonsense") return packet("\x7f", null_devices(253));
  if (what == "memory_without_descriptor") return send(to, in_memory);
  if (what == "memory_and_bytes") return send(to, in_memory + "x", {sealed("\x01\x01")});
  if (what == "memory_is_no_memory") return send(to, in_memory, null_devices(1));
  if (what == "memory_is_a_directory")
    return send(to, in_memory, {::open("/", O_RDONLY | O_DIRECTORY)});
  if (what == "memory_is_a_path") return send(to, in_memory, {::open("/", O_PATH)});
  if (what == "memory_is_a_socket") return send(to, in_memory, {to});
  if (what == "memory_is_empty") return send(to, in_memory, {sealed("")});
  if (what == "memory_unsealed") return send(to, in_memory, {memory("\x01\x01", 2, 0)});
  if (what == "memory_half_sealed")
    return send(to, in_memory, {memory("\x01\x01", 2, F_SEAL_GROW | F_SEAL_SHRINK)});
  if (what == "memory_shrinkable")
    return send(to, in_memory, {memory("\x01\x01", 2, F_SEAL_WRITE | F_SEAL_GROW)});
  if (what == "memory_too_large")
    return send(to, in_memory, {memory("\x01\x01", (16 << 20) + 1, all_seals)});
  if (what == "memory_enormous")
    return send(to, in_memory, {memory("\x01\x01", off_t{1} << 40, all_seals)});
  if (what == "memory_of_zeros") return send(to, in_memory, {memory("", 16 << 20, all_seals)});
  if (what == "memory_truncated_string")
    return send(to, in_memory, {sealed("\x01\x10" + u32(1 << 20) + "short")});
  if (what == "half_closed") return half_close();
  if (what == "closed_at_once") return ::close(to) == 0;
  if (what == "wrong_way") {
    // Its own inbox, of which the reading end may not write.
    const bool refused = !send(inbox, head + "\x01") && errno == EPIPE;
    return packet(refused ? "\x01" : text("written")) && half_close();
  }
  if (what == "socket_through_itself") return packet(address_tag, {to}) && half_close();
  if (what == "null_device_as_address")
    return packet(address_tag, null_devices(1)) && packet("\x7f");
  if (what == "valid_then_nonsense") return packet(text("valid")) && packet("\x7f");
  if (what == "duplicate_keys")
    return packet(table(0, 2) + text("k") + text("one") + text("k") + text("two")) && half_close();
  if (what == "descriptor_bombs") {
    const auto bombs = null_devices(253);
    for (int i = 0; i < 100 && packet(table(253, 0) + times(253, descriptor_tag), bombs); ++i) {
    }
    return half_close();
  }
  if (what == "descriptor_bombs_of_nonsense") {
    const auto bombs = null_devices(253);
    for (int i = 0; i < 100; ++i) send(addresses[i % addresses.size()], head + "\x7f", bombs);
    for (const int address : addresses) ::shutdown(address, SHUT_WR);
    return 1;
  }
  if (what == "flood") {
    for (int i = 0; i < 100000 && packet(bytes("\x02\0\0\0\0\0\0\xf0\x3f", 9)); ++i) {
    }
    return half_close();
  }
  if (what == "random") {
    std::mt19937 random{seed};
    return send_a_million(inbox, addresses, random);
  }
  if (what == "nested_sockets") {
    const std::vector<int> nested(8, nested_sockets(16));
    return packet(table(8, 0) + times(8, descriptor_tag), nested) && packet("\x7f", nested);
  }
  if (what == "nested_sockets_as_address")
    return packet(address_tag, {nested_sockets(16)}) && half_close();
  // The seed says how.
  if (what == "parts_at_once") return part(to, seed);
  if (what == "parts_after_a_string") return packet(text("valid")) && part(to, seed);
  if (what == "parts_after_a_descriptor")
    return packet(descriptor_tag, null_devices(1)) && part(to, seed);
  if (what == "parts_after_memory")
    return send(to, in_memory, {sealed("\x01" + text("valid"))}) && part(to, seed);
  if (what == "parts_with_its_inbox") return shut(inbox, seed) && packet("\x01") && half_close();
  if (what == "parts_with_an_address") {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == -1) return 0;
    return shut(pair[0], seed) && packet(address_tag, {pair[1]}) && half_close();
  }
  std::fprintf(stderr, "hostile_peer: what is %s?\n", what.c_str());
  std::exit(2);
}

}  // namespace

int main(int argc, char** argv) {
  const bytes what = argc > 1 ? argv[1] : "";
  if (what == "descriptors") {
    for (int fd = 3; fd < 1024; ++fd)
      if (::fcntl(fd, F_GETFD) != -1) std::printf("%d ", fd);
    std::printf("\n");
    return 0;
  }
  if (argc < 4) return 2;
  // So that the attack takes from nobody else what the kernel permits to be under way: see send().
  const rlimit fewer{600, 600};
  if (::setrlimit(RLIMIT_NOFILE, &fewer) == -1) return 3;
  const int inbox = std::atoi(argv[2]);
  const std::vector<int> addresses = receive_addresses(inbox);
  if (addresses.empty()) return 3;
  const auto seed = static_cast<unsigned>(std::atoi(argv[3]));
  const bool carried_out = attack(what, addresses, seed, inbox) != 0;
  // Stays, with all its sockets: only the other side can end this.
  char rest;
  while (::recv(inbox, &rest, 1, 0) > 0) {
  }
  return carried_out ? 0 : 1;
}
