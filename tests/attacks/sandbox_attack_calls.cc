// System calls that get past a filter, or that are for the machine's owner.
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/quota.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstring>

#include "tests/attacks/sandbox_attack.h"

namespace emilua::attacks {
namespace {

// --- doors that have no guard ------------------------------------------------

outcome x32(const arguments&) {
#ifdef __x86_64__
  return result_of("getpid", ::syscall(0x40000000 | SYS_getpid));
#else
  errno = ENOSYS;
  return refused("getpid");
#endif
}

outcome gate_of_32_bits(const arguments&) {
#ifdef __x86_64__
  long result = 20;  // getpid, as seen from there
  asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
  if (result > 0) return done();
  errno = static_cast<int>(-result);
#else
  errno = ENOSYS;
#endif
  return refused("int 0x80");
}

outcome newer_call(const arguments&) {
  constexpr long mseal = 462;  // Linux 6.10
  return result_of("mseal", ::syscall(mseal, 0, 0, 0));
}

// Its flags are behind a pointer.
outcome clone_behind_pointer(const arguments&) {
  clone_args args{};
  args.flags = CLONE_NEWUSER;
  args.exit_signal = SIGCHLD;
  const long pid = ::syscall(SYS_clone3, &args, sizeof args);
  if (pid == 0) ::_exit(0);
  return result_of("clone3", pid);
}

// Without the C library, which would take another call if this one is refused.
outcome vfork_in_place(const arguments&) {
#ifdef __x86_64__
  long pid = SYS_vfork;
  asm volatile(
      "syscall\n"
      "test %%rax, %%rax\n"
      "jnz 1f\n"
      "mov $231, %%eax\n"  // exit_group(0): the child
      "xor %%edi, %%edi\n"
      "syscall\n"
      "1:"
      : "+a"(pid)
      :
      : "rcx", "r11", "rdi", "memory");
  if (pid > 0) return done();
  errno = static_cast<int>(-pid);
#else
  errno = ENOSYS;
#endif
  return refused("vfork");
}

// --- a ring ------------------------------------------------------------------

class ring {
 public:
  bool open() {
    fd_ = static_cast<int>(::syscall(SYS_io_uring_setup, 4, &parameters_));
    if (fd_ == -1) return false;
    submissions_ = map(parameters_.sq_off.array + parameters_.sq_entries * sizeof(unsigned),
                       IORING_OFF_SQ_RING);
    completions_ = map(parameters_.cq_off.cqes + parameters_.cq_entries * sizeof(io_uring_cqe),
                       IORING_OFF_CQ_RING);
    entries_ = map(parameters_.sq_entries * sizeof(io_uring_sqe), IORING_OFF_SQES);
    return true;
  }

  // The operation's result, or -1 and errno.
  int run(const io_uring_sqe& entry) {
    auto& tail = *at<std::atomic<unsigned>>(submissions_, parameters_.sq_off.tail);
    const unsigned index = tail.load() & *at<unsigned>(submissions_, parameters_.sq_off.ring_mask);
    std::memcpy(entries_ + index * sizeof entry, &entry, sizeof entry);
    at<unsigned>(submissions_, parameters_.sq_off.array)[index] = index;
    tail.fetch_add(1);
    if (::syscall(SYS_io_uring_enter, fd_, 1, 1, IORING_ENTER_GETEVENTS, nullptr, 0) == -1)
      return -1;
    auto& head = *at<std::atomic<unsigned>>(completions_, parameters_.cq_off.head);
    const unsigned done = head.load() & *at<unsigned>(completions_, parameters_.cq_off.ring_mask);
    const int result = at<io_uring_cqe>(completions_, parameters_.cq_off.cqes)[done].res;
    head.fetch_add(1);
    if (result >= 0) return result;
    errno = -result;
    return -1;
  }

 private:
  char* map(std::size_t size, std::uint64_t offset) const {
    return static_cast<char*>(
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, static_cast<off_t>(offset)));
  }
  template <class T>
  static T* at(char* base, unsigned offset) {
    return reinterpret_cast<T*>(base + offset);
  }

  io_uring_params parameters_{};
  int fd_ = -1;
  char *submissions_ = nullptr, *completions_ = nullptr, *entries_ = nullptr;
};

outcome read_by_ring(const arguments& a) {
  ring ring;
  if (!ring.open()) return refused("io_uring_setup");
  io_uring_sqe entry{};
  entry.opcode = IORING_OP_OPENAT;
  entry.fd = AT_FDCWD;
  entry.addr = reinterpret_cast<std::uintptr_t>(a.text(0));
  entry.open_flags = O_RDONLY;
  const int fd = ring.run(entry);
  return fd == -1 ? refused("openat") : contents_of(fd);
}

outcome connect_by_ring(const arguments& a) {
  ring ring;
  if (!ring.open()) return refused("io_uring_setup");
  io_uring_sqe open{};
  open.opcode = 45;  // IORING_OP_SOCKET, of Linux 5.19
  open.fd = AF_INET;
  open.off = SOCK_STREAM;
  const int fd = ring.run(open);
  if (fd == -1) return refused("socket");
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(static_cast<in_port_t>(a.number(0)));
  io_uring_sqe connect{};
  connect.opcode = IORING_OP_CONNECT;
  connect.fd = fd;
  connect.addr = reinterpret_cast<std::uintptr_t>(&to);
  connect.off = sizeof to;
  return ring.run(connect) == -1 ? refused("connect") : done();
}

// --- code --------------------------------------------------------------------

char* const no_environment[] = {nullptr};

outcome execute_again(const arguments& a) {
  const int file = ::open(a.text(0), O_PATH);
  if (file == -1) return refused("open");
  ::syscall(SYS_execveat, file, "", a.from(0), no_environment, AT_EMPTY_PATH);
  return refused("execveat");
}

// Every number that a descriptor of our own file could have.
outcome execute_any_descriptor(const arguments& a) {
  for (int fd = 0; fd < 5000; ++fd)
    ::syscall(SYS_execveat, fd, "", a.from(0), no_environment, AT_EMPTY_PATH);
  return refused("execveat");
}

// What comes by standard input.
outcome execute_memory(const arguments& a) {
  const int memory = ::memfd_create("program", 0);
  if (memory == -1) return refused("memfd_create");
  char room[65536];
  for (ssize_t n; (n = ::read(STDIN_FILENO, room, sizeof room)) > 0;)
    if (::write(memory, room, static_cast<std::size_t>(n)) != n) return refused("write");
  ::syscall(SYS_execveat, memory, "", a.from(0), no_environment, AT_EMPTY_PATH);
  return refused("execveat");
}

void* map(int protection) {
  return ::mmap(nullptr, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

outcome map_code(const arguments&) {
  return map(PROT_READ | PROT_WRITE | PROT_EXEC) == MAP_FAILED ? refused("mmap") : done();
}

outcome make_code_of_data(const arguments&) {
  void* const page = map(PROT_READ | PROT_WRITE);
  if (page == MAP_FAILED) return refused("mmap");
  return result_of("mprotect", ::mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

// --- the machine's -----------------------------------------------------------

outcome make_bpf_map(const arguments&) {
  bpf_attr attributes{};
  attributes.map_type = BPF_MAP_TYPE_ARRAY;
  attributes.key_size = attributes.value_size = 4;
  attributes.max_entries = 1;
  return result_of("bpf", ::syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes));
}

outcome watch_faults(const arguments&) {
  return result_of("userfaultfd", ::syscall(SYS_userfaultfd, 1 /* user mode only */));
}

outcome add_key(const arguments& a) {
  constexpr int user_session = -5;
  return result_of("add_key", ::syscall(SYS_add_key, "user", a.text(0), "secret", 6, user_session));
}

outcome measure(const arguments&) {
  perf_event_attr attributes{};
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.size = sizeof attributes;
  attributes.exclude_kernel = attributes.exclude_hv = 1;
  return result_of("perf_event_open", ::syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0));
}

outcome read_kernel_log(const arguments&) {
  return result_of("syslog", ::syscall(SYS_syslog, 10 /* its size */, nullptr, 0));
}

outcome change_quota(const arguments&) {
  return result_of("quotactl", ::quotactl(QCMD(Q_SYNC, USRQUOTA), nullptr, 0, nullptr));
}

// Unload what is not loaded.
outcome replace_kernel(const arguments&) {
  return result_of("kexec_load", ::syscall(SYS_kexec_load, 0, 0, nullptr, 0));
}

outcome load_module(const arguments&) {
  // With no file: whether anybody asks for the right to.
  if (::syscall(SYS_finit_module, -1, "", 0) == -1 && errno == EBADF) return done();
  return refused("finit_module");
}

// To what it is.
outcome set_time_zone(const arguments&) {
  struct timezone zone {};
  if (::syscall(SYS_gettimeofday, nullptr, &zone) == -1) return refused("gettimeofday");
  return result_of("settimeofday", ::syscall(SYS_settimeofday, nullptr, &zone));
}

outcome set_host_name(const arguments& a) {
  return result_of("sethostname", ::sethostname(a.text(0), std::strlen(a.text(0))));
}

// --- namespaces and ids ------------------------------------------------------

outcome nest(const arguments&) { return result_of("unshare", ::unshare(CLONE_NEWUSER)); }

outcome nest_by_clone(const arguments&) {
  const long pid =
      ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (pid == 0) ::_exit(0);
  return result_of("clone", pid);
}

outcome join(const arguments& a) {
  const long process = ::syscall(SYS_pidfd_open, a.number(0), 0);
  if (process == -1) return refused("pidfd_open");
  return result_of("setns", ::setns(static_cast<int>(process), CLONE_NEWUTS));
}

outcome drop_groups(const arguments&) {
  return result_of("setgroups", ::syscall(SYS_setgroups, 0, nullptr));
}

outcome become_root(const arguments&) { return result_of("setuid", ::setuid(0)); }

outcome become_another(const arguments&) { return result_of("setuid", ::setuid(12345)); }

outcome become_user(const arguments& a) {
  const auto id = static_cast<uid_t>(a.number(0));
  return result_of("setresuid", ::setresuid(id, id, id));
}

outcome become_group(const arguments& a) {
  const auto id = static_cast<gid_t>(a.number(0));
  return result_of("setresgid", ::setresgid(id, id, id));
}

outcome join_group(const arguments& a) {
  const auto id = static_cast<gid_t>(a.number(0));
  return result_of("setgroups", ::setgroups(1, &id));
}

outcome give_away(const arguments& a) {
  return result_of("chown", ::chown(a.text(0), static_cast<uid_t>(a.number(1)), gid_t(-1)));
}

outcome be_dumped(const arguments&) {
  return result_of("prctl", ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

constexpr attack attacks[] = {
    {"x32", x32},
    {"gate_of_32_bits", gate_of_32_bits},
    {"newer_call", newer_call},
    {"clone_behind_pointer", clone_behind_pointer},
    {"vfork_in_place", vfork_in_place},
    {"read_by_ring", read_by_ring},
    {"connect_by_ring", connect_by_ring},
    {"execute_again", execute_again},
    {"execute_any_descriptor", execute_any_descriptor},
    {"execute_memory", execute_memory},
    {"map_code", map_code},
    {"make_code_of_data", make_code_of_data},
    {"make_bpf_map", make_bpf_map},
    {"watch_faults", watch_faults},
    {"add_key", add_key},
    {"measure", measure},
    {"read_kernel_log", read_kernel_log},
    {"change_quota", change_quota},
    {"replace_kernel", replace_kernel},
    {"load_module", load_module},
    {"set_time_zone", set_time_zone},
    {"set_host_name", set_host_name},
    {"nest", nest},
    {"nest_by_clone", nest_by_clone},
    {"join", join},
    {"drop_groups", drop_groups},
    {"become_root", become_root},
    {"become_another", become_another},
    {"become_user", become_user},
    {"become_group", become_group},
    {"join_group", join_group},
    {"give_away", give_away},
    {"be_dumped", be_dumped},
};

}  // namespace

std::span<const attack> call_attacks() { return attacks; }

}  // namespace emilua::attacks
